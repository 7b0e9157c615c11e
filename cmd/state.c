// SPDX-License-Identifier: Apache-2.0
#include "cmd/command.h"
#include "core/base/str.h"
#include "core/container/ended.h"
#include "core/container/share.h"
#include "core/container/state.h"

static int cmd_state(struct call *call, struct error *err)
{
	autocontainer struct container container = CONTAINER_NONE;
	autostrbuf struct strbuf text = { 0 };
	enum container_status status;
	struct ended ended = { 0 };
	int found = 0;

	if (container_open(call->globals->root, call->operands.items[0], STATE_UNLOCKED, &container,
			   err) != 0 ||
	    container_status(&container, &status, NULL, err) < 0)
		return -1;
	if (status == CONTAINER_STOPPED)
		found = share_read_ended(call->globals->root, &container, &ended, err);
	if (found < 0)
		return -1;
	state_print_ended(&container.state, status, found ? &ended : NULL, JSON_INDENTED, &text);
	ended_release(&ended);
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
