// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include "core/sync/hook.h"

#include <limits.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/spawn.h"
#include "core/base/str.h"
#include "core/config/shapes.h"

static unsigned int timeout_ms(const struct config_hook *hook)
{
	if (!hook->timeout.set)
		return 0;
	/*
	 * spawn counts milliseconds in an unsigned int: 49 days, which stand for any longer time.
	 */
	return hook->timeout.value > UINT_MAX / 1000 ? UINT_MAX
						     : (unsigned int)hook->timeout.value * 1000;
}

/*
 * The texts of the list with a NULL behind them, as execve(2) wants them; where the list is empty,
 * @first alone.  The caller frees the array, not the texts.
 */
static char **to_vector(const struct str_list *list, char *first)
{
	char **vector = mem_alloc((list->count + 2) * sizeof(char *));

	vector[0] = first;
	for (size_t i = 0; i < list->count; i++)
		vector[i] = list->items[i];
	return vector;
}

int hook_run(const struct config_hooks *hooks, enum config_hook_kind kind, size_t index,
	     const char *state_json, const struct str_list *usual_env, struct error *err)
{
	const struct config_hook *hook = &hooks->lists[kind].items[index];
	autofree char **argv = to_vector(&hook->args, hook->path);
	autofree char **envp = to_vector(hook->env.count ? &hook->env : usual_env, NULL);
	const struct spawn spawn = {
		.path = hook->path,
		.argv = argv,
		.envp = envp,
		.input = state_json,
		.input_size = strlen(state_json),
		.timeout_ms = timeout_ms(hook),
	};

	log_debug("hooks.%s[%zu]: %s", config_hook_name(kind), index, hook->path);
	if (spawn_run(&spawn, err) < 0)
		return error_prefix(err, "hooks.%s[%zu]", config_hook_name(kind), index);
	return 0;
}

int hooks_run(const struct config_hooks *hooks, enum config_hook_kind kind, const char *state_json,
	      const struct str_list *usual_env, struct error *err)
{
	for (size_t i = 0; i < config_hooks_of(hooks, kind)->count; i++)
		if (hook_run(hooks, kind, i, state_json, usual_env, err) < 0)
			return -1;
	return 0;
}
