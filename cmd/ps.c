// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/command.h"
#include "core/base/ask.h"
#include "core/base/span.h"
#include "core/base/str.h"
#include "core/base/utf8.h"
#include "core/container/processes.h"
#include "rootless/host.h"

struct ps_options {
	const char *format;
};

struct pids {
	pid_t *items;
	size_t count;
};

static void print_pids_json(const struct pids *pids, struct strbuf *out)
{
	strbuf_add_str(out, "[");
	for (size_t i = 0; i < pids->count; i++)
		strbuf_addf(out, "%s%d", i ? "," : "", pids->items[i]);
	strbuf_add_str(out, "]\n");
}

/* Finds the word with number @index, from 0; false where the line has fewer. */
static bool word_at(struct span line, size_t index, struct span *ret_word)
{
	for (size_t i = 0;; i++) {
		line = span_trim(line);
		if (!span_cut(&line, ' ', ret_word))
			return false;
		if (i == index)
			return true;
	}
}

static bool find_column(struct span head, size_t *ret_index)
{
	struct span word;

	for (*ret_index = 0; word_at(head, *ret_index, &word); (*ret_index)++)
		if (span_is(word, "PID"))
			return true;
	return false;
}

static bool is_listed(struct span line, size_t column, const struct pids *pids)
{
	struct span word;
	uint32_t pid;

	if (!word_at(line, column, &word) || !span_number(word, &pid))
		return false;
	for (size_t i = 0; i < pids->count; i++)
		if ((uint32_t)pids->items[i] == pid)
			return true;
	return false;
}

/* The container chooses the names of its processes and their arguments. */
static void add_line(struct span line, struct strbuf *out)
{
	autofree char *text = str_dup_n(line.bytes, line.size);

	utf8_escape(text, out);
	strbuf_add_str(out, "\n");
}

/* Prints the lines of the host's ps(1) about these processes. */
static int print_ps_table(const struct pids *pids, char **arguments, int count, struct strbuf *out,
			  struct error *err)
{
	char program[HOST_PATH_SIZE];
	autofree char **argv = mem_alloc(((size_t)count + 3) * sizeof(char *));
	autostrbuf struct strbuf text = { 0 };
	struct span rest, line;
	size_t column;

	if (!host_find_program(&HOST_REAL, "ps", program))
		return error_set(err, 0, "ps isn't installed on this host: use --format json");
	argv[0] = program;
	argv[1] = (char *)"-ef";
	for (int i = 0; i < count; i++)
		argv[i + 1] = arguments[i];
	if (ask_program(program, argv, &text, err) < 0)
		return -1;
	rest = (struct span){ text.bytes, text.size };
	if (!span_cut(&rest, '\n', &line) || !find_column(line, &column))
		return error_set(err, 0, "ps prints no column PID with these arguments");
	add_line(line, out);
	while (span_cut(&rest, '\n', &line))
		if (is_listed(line, column, pids))
			add_line(line, out);
	return 0;
}

static int list_processes(const char *root, const char *id, struct pids *ret_pids,
			  struct error *err)
{
	autocontainer struct container container = CONTAINER_NONE;
	enum container_status status;

	if (container_open(root, id, STATE_UNLOCKED, &container, err) != 0 ||
	    container_status(&container, &status, NULL, err) < 0)
		return -1;
	if (status == CONTAINER_STOPPED && !container.state.cgroup)
		return 0;
	return processes_list(&container.state, &ret_pids->items, &ret_pids->count, err);
}

static int cmd_ps(struct call *call, struct error *err)
{
	const struct ps_options *options = call->options;
	bool json = str_equal(options->format, "json");
	autostrbuf struct strbuf out = { 0 };
	struct pids pids = { 0 };
	int result;

	if (options->format && !json && !str_equal(options->format, "table"))
		return error_set(err, 0, "option --format is table or json, not '%s'",
				 options->format);
	result = list_processes(call->globals->root, call->operands.items[0], &pids, err);
	if (result == 0 && json)
		print_pids_json(&pids, &out);
	else if (result == 0)
		result = print_ps_table(&pids, call->operands.items + 1, call->operands.count - 1,
					&out, err);
	free(pids.items);
	return result < 0 ? -1 : command_print(out.bytes, err);
}

static const struct option_spec options_ps[] = {
	{ "format", 'f', OPTION_STRING, offsetof(struct ps_options, format), "FORMAT",
	  "table (default) or json: the pids alone" },
};
static const struct command_usage usage_ps = {
	.name = "ps",
	.operands = "ID [PS-OPTION…]",
	.summary = "Lists the processes of a container.",
	.options = options_ps,
	.option_count = ARRAY_SIZE(options_ps),
	.options_size = sizeof(struct ps_options),
	.order = OPTIONS_FIRST, /* the words behind the id are for ps(1) */
	.operands_min = 1,
	.operands_max = -1,
	.hint = "`urun list` lists the containers",
};
const struct command command_ps = { &usage_ps, cmd_ps, EXIT_STATUS_OTHER };
