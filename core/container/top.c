// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: parent.
 *
 * The processes are read from the caller's /proc, so the container needs no ps(1), and none of its
 * programs decides what is shown.  Names and arguments are the container's, and go through
 * utf8_escape().
 */
#include "core/container/top.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "core/base/caps.h"
#include "core/base/fd.h"
#include "core/base/number.h"
#include "core/base/passwd.h"
#include "core/base/pidfd.h"
#include "core/base/span.h"
#include "core/base/utf8.h"
#include "core/config/shapes.h"
#include "core/container/processes.h"
#include "core/container/state.h"
#include "rootless/name.h"
#include "rootless/userns.h"

/* /proc/PID/status has a line for each of a process's groups, of which there may be 65,536. */
#define PROC_FILE_MAX ((size_t)1 << 20)
#define LEVELS_MAX    32 /* pid namespaces in each other: pid_namespaces(7) */

struct top_row {
	pid_t pid; /* on the host */
	char *stat, *status, *command_line;
	struct span name; /* in @stat */
	/* Fields of stat behind the name, by their numbers in proc(5) less 3: "state" is 0. */
	struct span fields[50];
	size_t field_count;
	uint32_t levels[LEVELS_MAX]; /* its pids, from our pid namespace inwards */
	size_t level_count;
};

struct top {
	struct container container;
	int pidfd;
	struct userns_plan *userns;
	char *passwd, *group; /* the container's */
	struct top_row *rows;
	size_t row_count;
	size_t level; /* the number of pid namespaces down to the container's */
};

/* ---- reading ---- */

static char *read_proc(pid_t pid, const char *name, size_t *ret_size)
{
	autofree char *path = str_format("/proc/%d/%s", (int)pid, name);
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *bytes = NULL;

	*ret_size = 0;
	return fd >= 0 && fd_read_all(fd, PROC_FILE_MAX, &bytes, ret_size) == 0 ? bytes : NULL;
}

/* The value of a line "NAME:\tVALUE" of status. */
static struct span status_value(const struct top_row *row, const char *name)
{
	struct span rest = { row->status, strlen(row->status) }, line, key;

	while (span_cut(&rest, '\n', &line))
		if (span_cut(&line, ':', &key) && span_is(key, name))
			return span_trim(line);
	return (struct span){ "", 0 };
}

/* Blanks and tabs divide the words. */
static bool next_word(struct span *rest, struct span *ret_word)
{
	size_t start = 0, end;

	while (start < rest->size && (rest->bytes[start] == ' ' || rest->bytes[start] == '\t'))
		start++;
	for (end = start; end < rest->size && rest->bytes[end] != ' ' && rest->bytes[end] != '\t';)
		end++;
	*ret_word = (struct span){ rest->bytes + start, end - start };
	*rest = (struct span){ rest->bytes + end, rest->size - end };
	return end > start;
}

static void read_levels(struct top_row *row)
{
	struct span value = status_value(row, "NSpid"), word;

	while (row->level_count < LEVELS_MAX && next_word(&value, &word) &&
	       span_number(word, &row->levels[row->level_count]))
		row->level_count++;
	if (row->level_count == 0)
		row->levels[row->level_count++] = (uint32_t)row->pid;
}

/* The name can have blanks and brackets itself: the last ')' ends it. */
static bool split_stat(struct top_row *row)
{
	char *open = strchr(row->stat, '('), *close = strrchr(row->stat, ')');
	struct span rest;

	if (!open || !close || close < open)
		return false;
	row->name = (struct span){ open + 1, (size_t)(close - open - 1) };
	rest = (struct span){ close + 1, strcspn(close + 1, "\n") };
	while (row->field_count < ARRAY_SIZE(row->fields) &&
	       next_word(&rest, &row->fields[row->field_count]))
		row->field_count++;
	return row->field_count > 21;
}

static void row_release(struct top_row *row)
{
	free(row->stat);
	free(row->status);
	free(row->command_line);
}

/* False: the process has ended. */
static bool row_read(pid_t pid, struct top_row *ret_row)
{
	struct top_row row = { .pid = pid };
	size_t size;

	row.stat = read_proc(pid, "stat", &size);
	row.status = read_proc(pid, "status", &size);
	row.command_line = read_proc(pid, "cmdline", &size);
	if (!row.stat || !row.status || !split_stat(&row)) {
		row_release(&row);
		return false;
	}
	for (size_t i = 0; row.command_line && i + 1 < size; i++)
		if (row.command_line[i] == '\0')
			row.command_line[i] = ' ';
	read_levels(&row);
	*ret_row = row;
	return true;
}

static int64_t stat_field(const struct top_row *row, size_t number)
{
	struct span text = row->fields[number - 3];
	autofree char *copy = str_dup_n(text.bytes, text.size);

	return strtoll(copy, NULL, 10);
}

/* Numbers of proc(5), /proc/pid/stat. */
enum {
	STAT_STATE = 3,
	STAT_PPID = 4,
	STAT_PGRP = 5,
	STAT_TTY = 7,
	STAT_UTIME = 14,
	STAT_STIME = 15,
	STAT_NICE = 19,
	STAT_START = 22,
	STAT_VSIZE = 23,
	STAT_RSS = 24,
};

/* ---- values ---- */

static const struct top_row *find_row(const struct top *top, pid_t pid)
{
	for (size_t i = 0; i < top->row_count; i++)
		if (top->rows[i].pid == pid)
			return &top->rows[i];
	return NULL;
}

/* The number in the container's pid namespace; 0: a process outside of it. */
static uint32_t inner_pid(const struct top *top, pid_t pid)
{
	const struct top_row *row = find_row(top, pid);

	if (top->level == 1)
		return (uint32_t)pid;
	return row && row->level_count >= top->level ? row->levels[top->level - 1] : 0;
}

static uint64_t cpu_ticks(const struct top_row *row)
{
	return (uint64_t)(stat_field(row, STAT_UTIME) + stat_field(row, STAT_STIME));
}

static double elapsed_seconds(const struct top_row *row)
{
	struct timespec now;
	double start = (double)stat_field(row, STAT_START) / (double)sysconf(_SC_CLK_TCK);
	double elapsed;

	clock_gettime(CLOCK_BOOTTIME, &now);
	elapsed = (double)now.tv_sec + (double)now.tv_nsec / 1e9 - start;
	return elapsed > 0 ? elapsed : 0;
}

void top_print_time(uint64_t seconds, struct strbuf *out)
{
	uint64_t minutes = seconds / 60, hours = minutes / 60, days = hours / 24;

	if (days)
		strbuf_addf(out, "%" PRIu64 "-", days);
	if (hours)
		strbuf_addf(out, "%02u:", (unsigned int)(hours % 24));
	strbuf_addf(out, "%02u:%02u", (unsigned int)(minutes % 60), (unsigned int)(seconds % 60));
}

static bool to_inner(const struct idmap *map, uint32_t outer, uint32_t *ret_inner)
{
	for (size_t i = 0; i < map->count; i++)
		if (outer >= map->ranges[i].outer &&
		    outer - map->ranges[i].outer < map->ranges[i].count) {
			*ret_inner = map->ranges[i].inner + (outer - map->ranges[i].outer);
			return true;
		}
	return false;
}

static void add_inner_name(const struct idmap *map, const char *file, uint32_t outer,
			   struct strbuf *out)
{
	struct passwd_entry entry;
	uint32_t id;

	if (!to_inner(map, outer, &id)) {
		strbuf_add_str(out, "nobody");
		return;
	}
	if (passwd_find((struct span){ file, strlen(file) }, id, &entry))
		strbuf_add(out, entry.fields[PASSWD_NAME].bytes, entry.fields[PASSWD_NAME].size);
	else
		strbuf_addf(out, "%" PRIu32, id);
}

static void add_outer_name(bool group, uint32_t id, struct strbuf *out)
{
	autofree char *name = group ? name_of_group("", id) : name_of_user("", id);

	if (name)
		strbuf_add_str(out, name);
	else
		strbuf_addf(out, "%" PRIu32, id);
}

/* "Uid" and "Gid" have four numbers: real, effective, saved, file system. */
static uint32_t status_id(const struct top_row *row, const char *line, size_t index)
{
	struct span value = status_value(row, line), word = { "", 0 };
	uint32_t id = 0;

	for (size_t i = 0; i <= index; i++)
		if (!next_word(&value, &word))
			return 0;
	return span_number(word, &id) ? id : 0;
}

enum { ID_REAL = 0, ID_EFFECTIVE = 1 };

static void add_groups(const struct top *top, const struct top_row *row, bool outer,
		       struct strbuf *out)
{
	struct span value = status_value(row, "Groups"), word;
	size_t before = out->size;
	uint32_t id;

	while (next_word(&value, &word) && span_number(word, &id)) {
		if (out->size > before)
			strbuf_add_str(out, ",");
		if (outer)
			add_outer_name(true, id, out);
		else
			add_inner_name(&top->userns->gids, top->group, id, out);
	}
}

static void append_capabilities(const struct top_row *row, const char *line, struct strbuf *out)
{
	struct span value = status_value(row, line);
	autofree char *text = str_dup_n(value.bytes, value.size);
	uint64_t set = strtoull(text, NULL, 16);
	uint64_t all = 0;
	bool first = true;

	for (int c = 0; c < CAPS_MAX && caps_is_bounding(c) >= 0; c++)
		all |= CAPS_BIT(c);
	if (set == 0 || (set & all) == all) {
		strbuf_add_str(out, set ? "full" : "none");
		return;
	}
	for (int c = 0; c < CAPS_MAX; c++) {
		if (!(set & CAPS_BIT(c)))
			continue;
		if (!first)
			strbuf_add_str(out, ",");
		first = false;
		if (c < CONFIG_CAPABILITY_COUNT)
			for (const char *name = config_capability_names[c] + strlen("CAP_"); *name;
			     name++)
				strbuf_addf(out, "%c", tolower(*name));
		else
			strbuf_addf(out, "%d", c);
	}
}

static void add_terminal(const struct top_row *row, struct strbuf *out)
{
	dev_t device = (dev_t)stat_field(row, STAT_TTY);
	unsigned int number = major(device);

	/* Source: Documentation/admin-guide/devices.txt of Linux. */
	if (device == 0)
		strbuf_add_str(out, "?");
	else if (number >= 136 && number <= 143)
		strbuf_addf(out, "pts/%u", (number - 136) * 256 + minor(device));
	else if (number == 4)
		strbuf_addf(out, "tty%u", minor(device));
	else
		strbuf_addf(out, "%u:%u", number, minor(device));
}

static void add_start(const struct top_row *row, struct strbuf *out)
{
	time_t now = time(NULL), start = now - (time_t)elapsed_seconds(row);
	struct tm tm;
	char text[32];

	localtime_r(&start, &tm);
	strftime(text, sizeof(text), now - start < 24 * 3600 ? "%H:%M" : "%b%d", &tm);
	strbuf_add_str(out, text);
}

static void add_escaped(const char *bytes, size_t size, struct strbuf *out)
{
	autofree char *text = str_dup_n(bytes, size);

	utf8_escape(text, out);
}

static void add_arguments(const struct top_row *row, struct strbuf *out)
{
	if (row->command_line && row->command_line[0]) {
		utf8_escape(row->command_line, out);
		return;
	}
	strbuf_add_str(out, "[");
	add_escaped(row->name.bytes, row->name.size, out);
	strbuf_add_str(out, "]");
}

static void append_label(const struct top_row *row, struct strbuf *out)
{
	size_t size;
	autofree char *label = read_proc(row->pid, "attr/current", &size);

	if (label && *label)
		add_escaped(label, strcspn(label, "\n"), out);
	else
		strbuf_add_str(out, "?");
}

static void add_seccomp(const struct top_row *row, struct strbuf *out)
{
	static const char *const modes[] = { "disabled", "strict", "filter" };
	uint32_t mode;

	strbuf_add_str(out, span_number(status_value(row, "Seccomp"), &mode) && mode < 3
				    ? modes[mode]
				    : "?");
}

/* ---- descriptors ---- */

enum descriptor {
	TOP_ARGS,
	TOP_CAPAMB,
	TOP_CAPBND,
	TOP_CAPEFF,
	TOP_CAPINH,
	TOP_CAPPRM,
	TOP_COMM,
	TOP_ETIME,
	TOP_GROUP,
	TOP_GROUPS,
	TOP_HGROUP,
	TOP_HGROUPS,
	TOP_HPID,
	TOP_HUSER,
	TOP_LABEL,
	TOP_NICE,
	TOP_PCPU,
	TOP_PGID,
	TOP_PID,
	TOP_PPID,
	TOP_RGROUP,
	TOP_RSS,
	TOP_RUSER,
	TOP_SECCOMP,
	TOP_STATE,
	TOP_STIME,
	TOP_TIME,
	TOP_TTY,
	TOP_USER,
	TOP_VSZ,
	TOP_COUNT,
};

static const struct {
	const char *name;
	const char *code; /* of ps(1), "AIX FORMAT DESCRIPTORS"; NULL: none */
	const char *head;
} descriptors[TOP_COUNT] = {
	[TOP_ARGS] = { "args", "%a", "COMMAND" },
	[TOP_CAPAMB] = { "capamb", NULL, "AMBIENT CAPS" },
	[TOP_CAPBND] = { "capbnd", NULL, "BOUNDING CAPS" },
	[TOP_CAPEFF] = { "capeff", NULL, "EFFECTIVE CAPS" },
	[TOP_CAPINH] = { "capinh", NULL, "INHERITED CAPS" },
	[TOP_CAPPRM] = { "capprm", NULL, "PERMITTED CAPS" },
	[TOP_COMM] = { "comm", "%c", "COMMAND" },
	[TOP_ETIME] = { "etime", "%t", "ELAPSED" },
	[TOP_GROUP] = { "group", "%G", "GROUP" },
	[TOP_GROUPS] = { "groups", NULL, "GROUPS" },
	[TOP_HGROUP] = { "hgroup", NULL, "HGROUP" },
	[TOP_HGROUPS] = { "hgroups", NULL, "HGROUPS" },
	[TOP_HPID] = { "hpid", NULL, "HPID" },
	[TOP_HUSER] = { "huser", NULL, "HUSER" },
	[TOP_LABEL] = { "label", NULL, "LABEL" },
	[TOP_NICE] = { "nice", "%n", "NI" },
	[TOP_PCPU] = { "pcpu", "%C", "%CPU" },
	[TOP_PGID] = { "pgid", "%r", "PGID" },
	[TOP_PID] = { "pid", "%p", "PID" },
	[TOP_PPID] = { "ppid", "%P", "PPID" },
	[TOP_RGROUP] = { "rgroup", "%g", "RGROUP" },
	[TOP_RSS] = { "rss", NULL, "RSS" },
	[TOP_RUSER] = { "ruser", "%u", "RUSER" },
	[TOP_SECCOMP] = { "seccomp", NULL, "SECCOMP" },
	[TOP_STATE] = { "state", NULL, "STATE" },
	[TOP_STIME] = { "stime", NULL, "STIME" },
	[TOP_TIME] = { "time", "%x", "TIME" },
	[TOP_TTY] = { "tty", "%y", "TTY" },
	[TOP_USER] = { "user", "%U", "USER" },
	[TOP_VSZ] = { "vsz", "%z", "VSZ" },
};

static const enum descriptor defaults[] = {
	TOP_USER, TOP_PID, TOP_PPID, TOP_PCPU, TOP_ETIME, TOP_TTY, TOP_TIME, TOP_ARGS,
};

static void append_number(struct strbuf *out, int64_t number)
{
	strbuf_addf(out, "%" PRId64, number);
}

static void add_owner(const struct top *top, const struct top_row *row, enum descriptor what,
		      struct strbuf *out)
{
	bool group = what == TOP_GROUP || what == TOP_RGROUP || what == TOP_HGROUP;
	bool real = what == TOP_RUSER || what == TOP_RGROUP;
	uint32_t id = status_id(row, group ? "Gid" : "Uid", real ? ID_REAL : ID_EFFECTIVE);

	if (what == TOP_HUSER || what == TOP_HGROUP)
		add_outer_name(group, id, out);
	else if (group)
		add_inner_name(&top->userns->gids, top->group, id, out);
	else
		add_inner_name(&top->userns->uids, top->passwd, id, out);
}

static void add_cell_value(const struct top *top, const struct top_row *row, enum descriptor what,
			   struct strbuf *out)
{
	const int64_t kib = 1024;
	uint64_t ticks = (uint64_t)sysconf(_SC_CLK_TCK);
	double elapsed;

	switch (what) {
	case TOP_ARGS: return add_arguments(row, out);
	case TOP_COMM: return add_escaped(row->name.bytes, row->name.size, out);
	case TOP_CAPAMB: return append_capabilities(row, "CapAmb", out);
	case TOP_CAPBND: return append_capabilities(row, "CapBnd", out);
	case TOP_CAPEFF: return append_capabilities(row, "CapEff", out);
	case TOP_CAPINH: return append_capabilities(row, "CapInh", out);
	case TOP_CAPPRM: return append_capabilities(row, "CapPrm", out);
	case TOP_ETIME: return top_print_time((uint64_t)elapsed_seconds(row), out);
	case TOP_GROUPS: return add_groups(top, row, false, out);
	case TOP_HGROUPS: return add_groups(top, row, true, out);
	case TOP_HPID: return append_number(out, row->pid);
	case TOP_LABEL: return append_label(row, out);
	case TOP_NICE: return append_number(out, stat_field(row, STAT_NICE));
	case TOP_PCPU:
		elapsed = elapsed_seconds(row);
		strbuf_addf(out, "%.1f",
			    elapsed > 0 ? 100.0 * (double)cpu_ticks(row) / (double)ticks / elapsed
					: 0.0);
		return;
	case TOP_PGID: return append_number(out, inner_pid(top, (pid_t)stat_field(row, STAT_PGRP)));
	case TOP_PID: return append_number(out, inner_pid(top, row->pid));
	case TOP_PPID: return append_number(out, inner_pid(top, (pid_t)stat_field(row, STAT_PPID)));
	case TOP_RSS:
		return append_number(out,
				     stat_field(row, STAT_RSS) * (sysconf(_SC_PAGESIZE) / kib));
	case TOP_VSZ: return append_number(out, stat_field(row, STAT_VSIZE) / kib);
	case TOP_SECCOMP: return add_seccomp(row, out);
	case TOP_STATE: return strbuf_add(out, row->fields[STAT_STATE - 3].bytes, 1);
	case TOP_STIME: return add_start(row, out);
	case TOP_TIME: return top_print_time(cpu_ticks(row) / ticks, out);
	case TOP_TTY: return add_terminal(row, out);
	default: return add_owner(top, row, what, out);
	}
}

/* ---- the table ---- */

struct columns {
	enum descriptor items[64];
	size_t count;
};

static int add_column(struct span word, struct columns *columns, struct error *err)
{
	autofree char *text = str_dup_n(word.bytes, word.size);
	autostrbuf struct strbuf names = { 0 };

	for (size_t i = 0; i < TOP_COUNT; i++)
		if (span_is(word, descriptors[i].name) || span_is(word, descriptors[i].code)) {
			if (columns->count == ARRAY_SIZE(columns->items))
				return error_set(err, 0, "top: more than %zu descriptors",
						 ARRAY_SIZE(columns->items));
			columns->items[columns->count++] = (enum descriptor)i;
			return 0;
		}
	if (text[0] == '-' || str_equal(text, "aux") || str_equal(text, "ax")) {
		error_set(err, 0, "top: '%s' is an option of ps(1), not a descriptor", text);
		return error_hint(err, "use urun ps ID %s", text);
	}
	for (size_t i = 0; i < TOP_COUNT; i++)
		strbuf_addf(&names, "%s%s", i ? ", " : "", descriptors[i].name);
	error_set(err, 0, "top: unknown descriptor '%s'", text);
	return error_hint(err, "%s", names.bytes);
}

static int choose_columns(const struct str_list *words, struct columns *columns, struct error *err)
{
	for (size_t i = 0; words->count == 0 && i < ARRAY_SIZE(defaults); i++)
		columns->items[columns->count++] = defaults[i];
	for (size_t i = 0; i < words->count; i++) {
		struct span rest = { words->items[i], strlen(words->items[i]) }, word;

		while (span_cut(&rest, ',', &word))
			if (add_column(word, columns, err) < 0)
				return -1;
	}
	return 0;
}

/* Two blanks between columns; the last one isn't filled up. */
static void print_top(const struct top *top, const struct columns *columns, struct strbuf *out)
{
	size_t rows = top->row_count + 1, count = columns->count;
	struct strbuf *cells;

	if (count == 0)
		return;
	cells = mem_alloc(rows * count * sizeof(*cells));
	for (size_t i = 0; i < rows * count; i++) {
		enum descriptor what = columns->items[i % count];

		strbuf_add_str(&cells[i], i < count ? descriptors[what].head : "");
		if (i >= count)
			add_cell_value(top, &top->rows[i / count - 1], what, &cells[i]);
	}
	for (size_t i = 0; i < rows * count; i++) {
		size_t width = 0, column = i % count;

		for (size_t j = column; j < rows * count; j += count)
			width = cells[j].size > width ? cells[j].size : width;
		if (column + 1 < count)
			strbuf_addf(out, "%-*s  ", (int)width, cells[i].bytes);
		else
			strbuf_addf(out, "%s\n", cells[i].bytes);
	}
	for (size_t i = 0; i < rows * count; i++)
		strbuf_release(&cells[i]);
	free(cells);
}

/* ---- the container ---- */

/*
 * ORDER: all is read by the number of the pid; the pidfd then tells whether that was the container's
 * first process all the while.
 */
static int read_container(struct top *top, struct error *err)
{
	pid_t pid = (pid_t)top->container.state.pid.value;
	autofree struct userns_caller *caller = mem_alloc(sizeof(*caller));
	autofree char *path = str_format("/proc/%d/root", (int)pid);
	autoclose int root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct top_row init;

	top->userns = mem_alloc(sizeof(*top->userns));
	if (userns_caller_read(&HOST_REAL, caller, err) < 0 ||
	    userns_plan_of_process(pid, caller, top->userns, err) < 0)
		return -1;
	/* Where its root can't be opened, users are shown by their numbers. */
	top->passwd = root >= 0 ? passwd_read(root, "etc/passwd") : str_dup("");
	top->group = root >= 0 ? passwd_read(root, "etc/group") : str_dup("");
	top->level = 1;
	if (row_read(pid, &init)) {
		top->level = init.level_count;
		row_release(&init);
	}
	return pidfd_signal(top->pidfd, 0) < 0
		       ? error_set(err, 0, "container not running: it has no processes")
		       : 0;
}

static int read_rows(struct top *top, struct error *err)
{
	autofree pid_t *pids = NULL;
	size_t count;

	if (processes_list(&top->container.state, &pids, &count, err) < 0)
		return -1;
	top->rows = mem_alloc((count + 1) * sizeof(*top->rows));
	for (size_t i = 0; i < count; i++)
		if (row_read(pids[i], &top->rows[top->row_count]))
			top->row_count++;
	return 0;
}

static void top_release(struct top *top)
{
	for (size_t i = 0; i < top->row_count; i++)
		row_release(&top->rows[i]);
	free(top->rows);
	free(top->passwd);
	free(top->group);
	free(top->userns);
	fd_close(&top->pidfd);
	container_close(&top->container);
}

int container_top(const char *root, const char *id, const struct str_list *words,
		  struct strbuf *out, struct error *err)
{
	__attribute__((cleanup(top_release))) struct top top = {
		.container = CONTAINER_NONE,
		.pidfd = -1,
	};
	struct columns columns = { 0 };
	enum container_status status;

	if (choose_columns(words, &columns, err) < 0 ||
	    container_open(root, id, STATE_UNLOCKED, &top.container, err) != 0 ||
	    container_status(&top.container, &status, &top.pidfd, err) < 0)
		return -1;
	if (top.pidfd < 0)
		return error_set(err, 0, "%s: container not running: it has no processes", id);
	if (read_container(&top, err) < 0 || read_rows(&top, err) < 0)
		return error_prefix(err, "%s", id);
	print_top(&top, &columns, out);
	return 0;
}
