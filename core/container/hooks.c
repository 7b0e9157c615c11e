// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/container/hooks.h"

#include <stdlib.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/str.h"
#include "core/sync/hook.h"

static const config_hook_list *list_of(enum runtime_hook hook, const struct config_hooks *hooks)
{
	switch (hook) {
	case HOOK_PRESTART: return &hooks->prestart;
	case HOOK_CREATE_RUNTIME: return &hooks->create_runtime;
	case HOOK_POSTSTART: return &hooks->poststart;
	case HOOK_POSTSTOP: return &hooks->poststop;
	}
	return NULL;
}

str_list hooks_usual_env(void)
{
	str_list list = { 0 };

	for (char **entry = environ; *entry; entry++) {
		if (str_starts_with(*entry, "_OCI_"))
			continue;
		list.items = mem_resize(list.items, list.count + 1, sizeof(*list.items));
		list.items[list.count++] = *entry;
	}
	return list;
}

static int run_list(const config_hook_list *hooks, const char *kind, const char *state,
		    struct error *err)
{
	str_list env = hooks_usual_env();
	int result = hooks_run(hooks, kind, state, &env, err);

	free(env.items);
	return result;
}

static const char *const hook_names[] = { "prestart", "createRuntime", "poststart", "poststop" };

int hooks_run_with_state(enum runtime_hook hook, const struct container_state *state,
			 enum container_status status, struct error *err)
{
	autostrbuf struct strbuf text = { 0 };

	if (!state->hooks || list_of(hook, state->hooks)->count == 0)
		return 0;
	state_print(state, status, JSON_COMPACT, &text);
	return run_list(list_of(hook, state->hooks), hook_names[hook], text.bytes, err);
}

void hooks_run_poststop(const struct container_state *state)
{
	autostrbuf struct strbuf text = { 0 };

	if (!state->hooks)
		return;
	state_print(state, CONTAINER_STOPPED, JSON_COMPACT, &text);
	for (size_t i = 0; i < state->hooks->poststop.count; i++) {
		config_hook_list one = { .items = &state->hooks->poststop.items[i], .count = 1 };
		struct error err = ERROR_NONE;
		char line[ERROR_LINE_SIZE];

		if (run_list(&one, hook_names[HOOK_POSTSTOP], text.bytes, &err) < 0)
			log_warning("%s", error_format(&err, line));
	}
}
