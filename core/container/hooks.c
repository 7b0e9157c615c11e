// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/container/hooks.h"

#include <stdlib.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/str.h"
#include "core/sync/hook.h"

struct str_list hooks_usual_env(void)
{
	struct str_list list = { 0 };

	for (char **entry = environ; *entry; entry++)
		if (!str_starts_with(*entry, "_OCI_"))
			str_list_add(&list, *entry);
	return list;
}

int hooks_run_with_state(enum config_hook_kind kind, const struct container_state *state,
			 enum container_status status, struct error *err)
{
	autostrbuf struct strbuf text = { 0 };
	autostrlist struct str_list env = { 0 };

	if (config_hooks_of(state->hooks, kind)->count == 0)
		return 0;
	state_print(state, status, JSON_COMPACT, &text);
	env = hooks_usual_env();
	return hooks_run(state->hooks, kind, text.bytes, &env, err);
}

void hooks_run_poststop(const struct container_state *state)
{
	size_t count = config_hooks_of(state->hooks, HOOK_POSTSTOP)->count;
	autostrbuf struct strbuf text = { 0 };
	autostrlist struct str_list env = { 0 };

	if (count == 0)
		return;
	state_print(state, CONTAINER_STOPPED, JSON_COMPACT, &text);
	env = hooks_usual_env();
	for (size_t i = 0; i < count; i++) {
		struct error err = ERROR_NONE;
		char line[ERROR_LINE_SIZE];

		if (hook_run(state->hooks, HOOK_POSTSTOP, i, text.bytes, &env, &err) < 0)
			log_warning("%s", error_format(&err, line));
	}
}
