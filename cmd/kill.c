// SPDX-License-Identifier: Apache-2.0
#include "cmd/command.h"
#include "core/base/str.h"
#include "core/container/lifecycle.h"

struct kill_options {
	bool all;
};

static int cmd_kill(struct call *call, struct error *err)
{
	const struct kill_options *options = call->options;
	int signal;

	if (signal_parse(call->operands.count > 1 ? call->operands.items[1] : "TERM", &signal,
			 err) < 0)
		return -1;
	return container_kill(call->globals->root, call->operands.items[0], signal,
			      options->all ? KILL_ALL : KILL_INIT, err);
}

static const struct option_spec options_kill[] = {
	{ "all", 'a', OPTION_FLAG, offsetof(struct kill_options, all), NULL,
	  "send it to all processes of the container" },
};
static const struct command_usage usage_kill = {
	.name = "kill",
	.operands = "ID [SIGNAL]",
	.summary = "Sends a signal (default: TERM) to a container's first process.",
	.options = options_kill,
	.option_count = ARRAY_SIZE(options_kill),
	.options_size = sizeof(struct kill_options),
	.operands_min = 1,
	.operands_max = 2,
};
const struct command command_kill = { &usage_kill, cmd_kill, EXIT_STATUS_OTHER };
