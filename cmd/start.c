// SPDX-License-Identifier: Apache-2.0
#include "cmd/command.h"
#include "core/container/lifecycle.h"

static int cmd_start(const struct globals *globals, int argc, char **argv, int *ret_status,
		     struct error *err)
{
	int operand;
	int begun = command_begin(command_start.usage, argc, argv, NULL, &operand, err);

	if (begun != 0)
		return begun < 0 ? -1 : 0;
	*ret_status = 0;
	return container_start(globals->root, argv[operand], globals->notify_socket, err);
}

static const struct command_usage usage_start = {
	.name = "start",
	.operands = "ID",
	.summary = "Runs the program of a created container.",
	.operands_min = 1,
	.operands_max = 1,
};
const struct command command_start = { &usage_start, cmd_start, EXIT_STATUS_OTHER };
