// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/list_table.h"
#include "core/base/log.h"
#include "core/base/str.h"
#include "core/container/ended.h"
#include "core/container/share.h"
#include "core/container/state.h"

/* the width of a terminal that doesn't tell its width */
#define LIST_COLUMNS 80

struct list_options {
	const char *format;
	bool quiet;
	bool no_trunc;
};

/* What is printed: text that grows, or the rows of a table. */
struct list_output {
	enum list_format { LIST_TABLE, LIST_JSON, LIST_IDS } format;
	int64_t now; /* the time of day, in seconds */
	struct list_table table;
	struct strbuf text;
};

/* @ended is how the program ended; NULL: it runs, or that isn't known. */
static void add_listed(const struct container *container, enum container_status status,
		       const struct ended *ended, struct list_output *output)
{
	const struct container_state *state = &container->state;

	switch (output->format) {
	case LIST_IDS: strbuf_addf(&output->text, "%s\n", state->id); break;
	case LIST_JSON:
		strbuf_add_str(&output->text, output->text.size > 1 ? "," : "");
		state_print_ended(state, status, ended, JSON_COMPACT, &output->text);
		break;
	case LIST_TABLE:
		list_table_add(&output->table, container, status, ended, output->now);
		break;
	}
}

/*
 * Adds a container to the list.  A container that is removed meanwhile is left out; one whose state
 * can't be read is a warning, and the others are listed.  A container whose `run` was killed is
 * removed here, since no other command looks for it.
 */
static void add_container(const char *root, const char *id, struct list_output *output)
{
	autocontainer struct container container = CONTAINER_NONE;
	struct error err = ERROR_NONE;
	char line[ERROR_LINE_SIZE];
	int opened = container_open(root, id, STATE_UNLOCKED, &container, &err);
	enum container_status status;
	struct ended ended = { 0 };
	int found = 0;

	if (opened != 0) {
		if (opened < 0)
			log_warning("list: %s", error_format(&err, line));
		return;
	}
	if (container_status(&container, &status, NULL, &err) < 0) {
		log_warning("list: container %s: %s", id, error_format(&err, line));
		return;
	}
	if (status == CONTAINER_STOPPED && state_dir_clear(&container.dir))
		return;
	if (status == CONTAINER_STOPPED)
		found = share_read_ended(root, &container, &ended, &err);
	if (found < 0)
		log_warning("list: container %s: %s", id, error_format(&err, line));
	add_listed(&container, status, found > 0 ? &ended : NULL, output);
	ended_release(&ended);
}

static int parse_format(const struct list_options *options, enum list_format *ret_format,
			struct error *err)
{
	if (options->format && !str_equal(options->format, "table") &&
	    !str_equal(options->format, "json")) {
		error_set(err, 0, "list: option --format is table or json, not '%s'",
			  options->format);
		return error_hint(err, "urun has no templates: `urun list --format json | jq -r "
				       ".[].id`");
	}
	*ret_format = options->quiet			   ? LIST_IDS
		      : str_equal(options->format, "json") ? LIST_JSON
							   : LIST_TABLE;
	return 0;
}

/* The width of the terminal; without one nothing is cut, since a program may read the table. */
static size_t columns_of_output(const struct list_options *options)
{
	struct winsize size;

	if (options->no_trunc || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		return LIST_TABLE_WIDE;
	return size.ws_col ? size.ws_col : LIST_COLUMNS;
}

static int cmd_list(struct call *call, struct error *err)
{
	const struct list_options *options = call->options;
	struct list_output output = { .now = time(NULL) };
	autotextlist struct str_list ids = { 0 };
	int result;

	if (parse_format(options, &output.format, err) < 0 ||
	    state_list(call->globals->root, &ids, err) < 0)
		return -1;
	strbuf_add_str(&output.text, output.format == LIST_JSON ? "[" : "");
	for (size_t i = 0; i < ids.count; i++)
		add_container(call->globals->root, ids.items[i], &output);
	if (output.format == LIST_TABLE)
		list_table_print(&output.table, columns_of_output(options), &output.text);
	strbuf_add_str(&output.text, output.format == LIST_JSON ? "]\n" : "");
	result = command_print(output.text.bytes, err);
	list_table_release(&output.table);
	strbuf_release(&output.text);
	return result;
}

static const struct option_spec options_list[] = {
	{ "all", 'a', OPTION_ALWAYS, 0, NULL,
	  "nothing to do: stopped containers are listed always" },
	{ "format", 'f', OPTION_STRING, offsetof(struct list_options, format), "FORMAT",
	  "table (default) or json" },
	{ "quiet", 'q', OPTION_FLAG, offsetof(struct list_options, quiet), NULL, "the ids alone" },
	{ "no-trunc", 0, OPTION_FLAG, offsetof(struct list_options, no_trunc), NULL,
	  "cut nothing, however wide the terminal is" },
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
