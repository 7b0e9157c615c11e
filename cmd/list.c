// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>

#include "cmd/command.h"
#include "core/base/log.h"
#include "core/base/str.h"
#include "core/base/utf8.h"
#include "core/container/state.h"
#include "rootless/name.h"

struct list_options {
	const char *format;
	bool quiet;
};

enum list_format { LIST_TABLE, LIST_JSON, LIST_IDS };

static void add_container_row(const struct container_state *state, enum container_status status,
			      enum list_format format, bool first, struct strbuf *out)
{
	autostrbuf struct strbuf bundle = { 0 };
	autofree char *owner = NULL;

	switch (format) {
	case LIST_IDS: strbuf_addf(out, "%s\n", state->id); break;
	case LIST_JSON:
		strbuf_add_str(out, first ? "" : ",");
		state_print(state, status, JSON_COMPACT, out);
		break;
	case LIST_TABLE:
		owner = name_of_user("", (uid_t)state->uid.value);
		/* A bundle's path may have any byte but NUL. */
		utf8_escape(state->bundle, &bundle);
		strbuf_addf(out, "%-15s %-10d %-10s %-30s %-32s ", state->id,
			    status == CONTAINER_STOPPED ? 0 : (int)state->pid.value,
			    container_status_name(status), bundle.bytes, state->created);
		if (owner)
			strbuf_addf(out, "%s\n", owner);
		else
			strbuf_addf(out, "#%u\n", (unsigned int)state->uid.value);
		break;
	}
}

/*
 * Adds a container to the list.  A container that is removed meanwhile is left out; one whose state
 * can't be read is a warning, and the others are listed.  A container whose `run` was killed is
 * removed here, since no other command looks for it.
 */
static bool add_container(const char *root, const char *id, enum list_format format, bool first,
			  struct strbuf *out)
{
	autocontainer struct container container = CONTAINER_NONE;
	struct error err = ERROR_NONE;
	char line[ERROR_LINE_SIZE];
	int opened = container_open(root, id, STATE_UNLOCKED, &container, &err);
	enum container_status status;

	if (opened != 0) {
		if (opened < 0)
			log_warning("list: %s", error_format(&err, line));
		return false;
	}
	if (container_status(&container, &status, NULL, &err) < 0) {
		log_warning("list: container %s: %s", id, error_format(&err, line));
		return false;
	}
	if (status == CONTAINER_STOPPED && state_dir_clear(&container.dir))
		return false;
	add_container_row(&container.state, status, format, first, out);
	return true;
}

static int parse_format(const struct list_options *options, enum list_format *ret_format,
			struct error *err)
{
	if (options->format && !str_equal(options->format, "table") &&
	    !str_equal(options->format, "json"))
		return error_set(err, 0, "list: option --format is table or json, not '%s'",
				 options->format);
	*ret_format = options->quiet			   ? LIST_IDS
		      : str_equal(options->format, "json") ? LIST_JSON
							   : LIST_TABLE;
	return 0;
}

static int cmd_list(struct call *call, struct error *err)
{
	autostrbuf struct strbuf out = { 0 };
	enum list_format format = LIST_TABLE;
	char **ids;
	size_t count;
	bool first = true;

	if (parse_format(call->options, &format, err) < 0 ||
	    state_list(call->globals->root, &ids, &count, err) < 0)
		return -1;
	if (format == LIST_TABLE)
		strbuf_addf(&out, "%-15s %-10s %-10s %-30s %-32s %s\n", "ID", "PID", "STATUS",
			    "BUNDLE", "CREATED", "OWNER");
	strbuf_add_str(&out, format == LIST_JSON ? "[" : "");
	for (size_t i = 0; i < count; i++) {
		if (add_container(call->globals->root, ids[i], format, first, &out))
			first = false;
		free(ids[i]);
	}
	free(ids);
	strbuf_add_str(&out, format == LIST_JSON ? "]\n" : "");
	return command_print(out.bytes, err);
}

static const struct option_spec options_list[] = {
	{ "format", 'f', OPTION_STRING, offsetof(struct list_options, format), "FORMAT",
	  "table (default) or json" },
	{ "quiet", 'q', OPTION_FLAG, offsetof(struct list_options, quiet), NULL, "the ids alone" },
};
static const struct command_usage usage_list = {
	.name = "list",
	.operands = "",
	.summary = "Lists the containers.",
	.options = options_list,
	.option_count = ARRAY_SIZE(options_list),
	.options_size = sizeof(struct list_options),
	.operands_max = 0,
};
const struct command command_list = { &usage_list, cmd_list, EXIT_STATUS_OTHER };
