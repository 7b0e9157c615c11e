// SPDX-License-Identifier: Apache-2.0
#include "cmd/command.h"
#include "core/base/str.h"
#include "core/container/lifecycle.h"

struct kill_options {
	bool all;
};

static int cmd_kill(const struct globals *globals, int argc, char **argv, int *ret_status,
		    struct error *err)
{
	struct kill_options options = { 0 };
	int operand, signal;
	int begun = command_begin(command_kill.usage, argc, argv, &options, &operand, err);

	if (begun != 0)
		return begun < 0 ? -1 : 0;
	*ret_status = 0;
	if (signal_parse(argc - operand > 1 ? argv[operand + 1] : "TERM", &signal, err) < 0)
		return -1;
	return container_kill(globals->root, argv[operand], signal,
			      options.all ? KILL_ALL : KILL_INIT, err);
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
	.operands_min = 1,
	.operands_max = 2,
};
const struct command command_kill = { &usage_kill, cmd_kill, EXIT_STATUS_OTHER };
