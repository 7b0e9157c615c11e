// SPDX-License-Identifier: Apache-2.0
#include "cmd/command.h"
#include "core/base/str.h"
#include "core/container/lifecycle.h"

static int cmd_pause(struct call *call, struct error *err)
{
	return container_pause(call->globals->root, call->operands.items[0], err);
}

static int cmd_resume(struct call *call, struct error *err)
{
	return container_resume(call->globals->root, call->operands.items[0], err);
}

static const struct command_usage usage_pause = {
	.name = "pause",
	.operands = "ID",
	.summary = "Stops all processes of a container where they are.",
	.operands_min = 1,
	.operands_max = 1,
};
static const struct command_usage usage_resume = {
	.name = "resume",
	.operands = "ID",
	.summary = "Lets a paused container go on.",
	.operands_min = 1,
	.operands_max = 1,
};
const struct command command_pause = { &usage_pause, cmd_pause, EXIT_STATUS_OTHER };
const struct command command_resume = { &usage_resume, cmd_resume, EXIT_STATUS_OTHER };
