// SPDX-License-Identifier: Apache-2.0
#include "cmd/command.h"
#include "core/container/lifecycle.h"

static int cmd_start(struct call *call, struct error *err)
{
	return container_start(call->globals->root, call->operands.items[0],
			       call->globals->notify_socket, err);
}

static const struct command_usage usage_start = {
	.name = "start",
	.operands = "ID",
	.summary = "Runs the program of a created container.",
	.operands_min = 1,
	.operands_max = 1,
};
const struct command command_start = { &usage_start, cmd_start, EXIT_STATUS_OTHER };
