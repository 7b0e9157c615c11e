// SPDX-License-Identifier: Apache-2.0
#include "cmd/command.h"
#include "core/base/str.h"
#include "core/parent/lifecycle.h"

struct delete_options {
	bool force;
};

static int delete_(const struct globals *globals, int argc, char **argv, int *ret_status,
		   struct error *err)
{
	struct delete_options options = { 0 };
	int operand;
	int begun = command_begin(command_delete.spec, argc, argv, &options, &operand, err);

	if (begun != 0)
		return begun < 0 ? -1 : 0;
	*ret_status = 0;
	return container_delete(globals->root, argv[operand],
				options.force ? DELETE_FORCE : DELETE_STOPPED, err);
}

static const struct option_spec options_delete[] = {
	{ "force", 'f', OPTION_FLAG, offsetof(struct delete_options, force), NULL,
	  "kill it where it runs; no error where it doesn't exist" },
};
static const struct command_spec spec_delete = {
	.name = "delete",
	.operands = "ID",
	.summary = "Removes a stopped or created container.",
	.options = options_delete,
	.option_count = ARRAY_SIZE(options_delete),
	.operands_min = 1,
	.operands_max = 1,
};
const struct command command_delete = { &spec_delete, delete_, EXIT_STATUS_OTHER };
