// SPDX-License-Identifier: Apache-2.0
#include "cmd/command.h"
#include "core/base/str.h"
#include "core/container/state.h"

static int cmd_state(struct call *call, struct error *err)
{
	autocontainer struct container container = CONTAINER_NONE;
	autostrbuf struct strbuf text = { 0 };
	enum container_status status;

	if (container_open(call->globals->root, call->operands.items[0], STATE_UNLOCKED, &container,
			   err) != 0 ||
	    container_status(&container, &status, NULL, err) < 0)
		return -1;
	state_print(&container.state, status, JSON_INDENTED, &text);
	return command_print(text.bytes, err);
}

static const struct command_usage usage_state = {
	.name = "state",
	.operands = "ID",
	.summary = "Prints a container's state as JSON.",
	.operands_min = 1,
	.operands_max = 1,
};
const struct command command_state = { &usage_state, cmd_state, EXIT_STATUS_OTHER };
