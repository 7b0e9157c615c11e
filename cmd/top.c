// SPDX-License-Identifier: Apache-2.0
#include "cmd/command.h"
#include "core/base/str.h"
#include "core/container/top.h"

static int cmd_top(struct call *call, struct error *err)
{
	const struct str_list words = {
		call->operands.items + 1,
		call->operands.count - 1,
	};
	autostrbuf struct strbuf out = { 0 };

	if (container_top(call->globals->root, call->operands.items[0], &words, &out, err) < 0)
		return -1;
	return command_print(out.bytes, err);
}

static const struct command_usage usage_top = {
	.name = "top",
	.operands = "ID [DESCRIPTOR…]",
	.summary = "Lists the processes of a container as the container sees them.",
	.order = OPTIONS_FIRST, /* the words behind the id are descriptors, or refused by name */
	.operands_min = 1,
	.operands_max = -1,
};
const struct command command_top = { &usage_top, cmd_top, EXIT_STATUS_OTHER };
