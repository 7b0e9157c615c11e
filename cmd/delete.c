// SPDX-License-Identifier: Apache-2.0
#include <regex.h>
#include <stdlib.h>

#include "cmd/command.h"
#include "core/base/str.h"
#include "core/container/lifecycle.h"

struct delete_options {
	bool force;
	bool regex;
};

/* Reports the first failure, and deletes the other containers nevertheless. */
static int delete_matching(const char *root, const char *pattern, enum delete_how how,
			   struct error *err)
{
	char **ids = NULL;
	size_t count = 0;
	regex_t regex;
	int result = 0;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return error_set(err, 0, "'%s' is no extended regular expression", pattern);
	if (state_list(root, &ids, &count, err) < 0)
		result = -1;
	for (size_t i = 0; i < count; i++) {
		struct error one = ERROR_NONE;

		if (regexec(&regex, ids[i], 0, NULL, 0) == 0 &&
		    container_delete(root, ids[i], how, &one) < 0 && result == 0) {
			error_take(err, &one);
			result = -1;
		}
		free(ids[i]);
	}
	free(ids);
	regfree(&regex);
	return result;
}

static int cmd_delete(struct call *call, struct error *err)
{
	const struct delete_options *options = call->options;
	enum delete_how how = options->force ? DELETE_FORCE : DELETE_STOPPED;

	return options->regex
		       ? delete_matching(call->globals->root, call->operands.items[0], how, err)
		       : container_delete(call->globals->root, call->operands.items[0], how, err);
}

static const struct option_spec options_delete[] = {
	{ "force", 'f', OPTION_FLAG, offsetof(struct delete_options, force), NULL,
	  "kill it first; no error where it doesn't exist" },
	{ "regex", 'r', OPTION_FLAG, offsetof(struct delete_options, regex), NULL,
	  "all whose ids match ID, a regular expression" },
};
static const struct command_usage usage_delete = {
	.name = "delete",
	.operands = "ID",
	.summary = "Removes a stopped or created container.",
	.options = options_delete,
	.option_count = ARRAY_SIZE(options_delete),
	.options_size = sizeof(struct delete_options),
	.operands_min = 1,
	.operands_max = 1,
};
const struct command command_delete = { &usage_delete, cmd_delete, EXIT_STATUS_OTHER };
