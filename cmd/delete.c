// SPDX-License-Identifier: Apache-2.0
#include <regex.h>

#include "cmd/command.h"
#include "core/base/str.h"
#include "core/container/lifecycle.h"

struct delete_options {
	bool force;
	bool regex;
};

static int delete_named(const char *root, const struct str_list *ids, enum delete_how how,
			struct error *err)
{
	int result = 0;

	for (size_t i = 0; i < ids->count; i++) {
		struct error one = ERROR_NONE;

		if (container_delete(root, ids->items[i], how, &one) < 0)
			result = command_fail_also(&one, err);
	}
	return result;
}

static int delete_matching(const char *root, const char *pattern, enum delete_how how,
			   struct error *err)
{
	autotextlist struct str_list ids = { 0 };
	autostrlist struct str_list matching = { 0 };
	regex_t regex;
	int result;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return error_set(err, 0, "'%s' is no extended regular expression", pattern);
	result = state_list(root, &ids, err);
	for (size_t i = 0; i < ids.count; i++)
		if (regexec(&regex, ids.items[i], 0, NULL, 0) == 0)
			str_list_add(&matching, ids.items[i]);
	regfree(&regex);
	return result < 0 ? -1 : delete_named(root, &matching, how, err);
}

static int cmd_delete(struct call *call, struct error *err)
{
	const struct delete_options *options = call->options;
	enum delete_how how = options->force ? DELETE_FORCE : DELETE_STOPPED;

	if (options->regex && call->operands.count > 1)
		return error_set(err, 0, "delete: --regex takes one expression");
	return options->regex
		       ? delete_matching(call->globals->root, call->operands.items[0], how, err)
		       : delete_named(call->globals->root, &call->operands, how, err);
}

static const struct option_spec options_delete[] = {
	{ "force", 'f', OPTION_FLAG, offsetof(struct delete_options, force), NULL,
	  "kill it first; no error where it doesn't exist" },
	{ "regex", 'r', OPTION_FLAG, offsetof(struct delete_options, regex), NULL,
	  "all whose ids match ID, a regular expression" },
};
static const struct command_usage usage_delete = {
	.name = "delete",
	.operands = "ID…",
	.summary = "Removes stopped or created containers.",
	.options = options_delete,
	.option_count = ARRAY_SIZE(options_delete),
	.options_size = sizeof(struct delete_options),
	.operands_min = 1,
	.operands_max = -1,
};
const struct command command_delete = { &usage_delete, cmd_delete, EXIT_STATUS_OTHER };
