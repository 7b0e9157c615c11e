// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include "cmd/command.h"
#include "core/base/signal.h"
#include "core/base/str.h"
#include "core/container/lifecycle.h"

struct kill_options {
	const char *signal;
	bool all;
};

/*
 * Engines say `kill ID SIGNAL`, people `kill -s SIGNAL ID…`.  Without --signal, a second and last
 * operand that is a signal is the signal, also where a container has that name.  A word that is
 * neither a signal nor a container is more likely a wrong signal.
 */
static int settle_signal(struct call *call, struct str_list *ids, int *ret_signal,
			 struct error *err)
{
	const struct kill_options *options = call->options;
	autocontainer struct container container = CONTAINER_NONE;
	struct error not_found = ERROR_NONE;

	if (options->signal)
		return signal_parse(options->signal, ret_signal, err);
	*ret_signal = SIGTERM;
	if (ids->count != 2)
		return 0;
	if (signal_parse(ids->items[1], ret_signal, err) == 0) {
		ids->count = 1;
		return 0;
	}
	if (container_open(call->globals->root, ids->items[1], STATE_UNLOCKED, &container,
			   &not_found) != 0)
		return -1;
	*err = ERROR_NONE;
	return 0;
}

static int cmd_kill(struct call *call, struct error *err)
{
	const struct kill_options *options = call->options;
	struct str_list ids = call->operands;
	int signal, result = 0;

	if (settle_signal(call, &ids, &signal, err) < 0)
		return -1;
	for (size_t i = 0; i < ids.count; i++) {
		struct error failure = ERROR_NONE;

		if (container_kill(call->globals->root, ids.items[i], signal,
				   options->all ? KILL_ALL : KILL_INIT, &failure) < 0)
			result = command_fail_also(&failure, err);
	}
	return result;
}

static const struct option_spec options_kill[] = {
	{ "signal", 's', OPTION_STRING, offsetof(struct kill_options, signal), "SIGNAL",
	  "a number or a name (default: TERM)" },
	{ "all", 'a', OPTION_FLAG, offsetof(struct kill_options, all), NULL,
	  "send it to all processes of the container" },
};
static const struct command_usage usage_kill = {
	.name = "kill",
	.operands = "ID… | ID SIGNAL",
	.summary = "Sends a signal (default: TERM) to the program of containers.",
	.options = options_kill,
	.option_count = ARRAY_SIZE(options_kill),
	.options_size = sizeof(struct kill_options),
	.operands_min = 1,
	.operands_max = -1,
};
const struct command command_kill = { &usage_kill, cmd_kill, EXIT_STATUS_OTHER };
