// SPDX-License-Identifier: Apache-2.0
#include "cmd/command.h"
#include "core/base/str.h"
#include "core/copy/copy.h"

struct cp_options {
	bool archive;
	bool follow_links;
	bool overwrite;
};

static int cmd_cp(struct call *call, struct error *err)
{
	const struct cp_options *options = call->options;
	const struct copy_request request = {
		.root = call->globals->root,
		.source = call->operands.items[0],
		.destination = call->operands.items[1],
		.archive = options->archive,
		.follow_links = options->follow_links,
		.overwrite = options->overwrite,
	};

	return container_copy(&request, err);
}

static const struct option_spec options_cp[] = {
	{ "archive", 'a', OPTION_FLAG, offsetof(struct cp_options, archive), NULL,
	  "keep the owners of files" },
	{ "follow-link", 'L', OPTION_FLAG, offsetof(struct cp_options, follow_links), NULL,
	  "copy what a link of the host as SRC leads to" },
	{ "overwrite", 0, OPTION_FLAG, offsetof(struct cp_options, overwrite), NULL,
	  "let a directory take the place of a file, and a file that of a directory" },
	{ "quiet", 'q', OPTION_IGNORED, 0, NULL, "nothing to do: no progress is shown" },
};
static const struct command_usage usage_cp = {
	.name = "cp",
	.operands = "SRC DEST",
	.summary = "Copies files between a container (ID:PATH) and the host, or a tar stream (-).",
	.options = options_cp,
	.option_count = ARRAY_SIZE(options_cp),
	.options_size = sizeof(struct cp_options),
	.operands_min = 2,
	.operands_max = 2,
};
const struct command command_cp = { &usage_cp, cmd_cp, EXIT_STATUS_OTHER };
