// SPDX-License-Identifier: Apache-2.0
#include "cmd/command.h"
#include "core/base/str.h"
#include "core/container/lifecycle.h"

static int cmd_pause(const struct globals *globals, int argc, char **argv, int *ret_status,
		     struct error *err)
{
	int operand;
	int begun = command_begin(command_pause.usage, argc, argv, NULL, &operand, err);

	if (begun != 0)
		return begun < 0 ? -1 : 0;
	*ret_status = 0;
	return container_pause(globals->root, argv[operand], err);
}

static int cmd_resume(const struct globals *globals, int argc, char **argv, int *ret_status,
		      struct error *err)
{
	int operand;
	int begun = command_begin(command_resume.usage, argc, argv, NULL, &operand, err);

	if (begun != 0)
		return begun < 0 ? -1 : 0;
	*ret_status = 0;
	return container_resume(globals->root, argv[operand], err);
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
