// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cmd/command.h"
#include "core/base/fd.h"
#include "core/base/inherit.h"
#include "core/base/log.h"
#include "core/base/moment.h"
#include "core/base/number.h"
#include "core/base/str.h"
#include "core/container/detached.h"
#include "core/container/replace.h"
#include "core/container/state.h"
#include "core/monitor/log_reader.h"

struct logs_options {
	bool follow;
	bool timestamps;
	const char *tail;
	const char *since;
	const char *until;
};

/* How long the monitor may take to complete the log, when the program has ended. */
#define MONITOR_MS 10000

/* What is to be printed. */
struct selection {
	bool timestamps;
	uint64_t since_ns, until_ns;
	uint64_t skipped_lines; /* from the beginning, of both streams together */
};

/*
 * Lines are counted in the order in which they begin.  A line of one stream may go on behind lines of the
 * other: so each stream has the number of its own line.
 */
struct lines {
	uint64_t count;
	struct {
		uint64_t number; /* of the line that bytes belong to */
		bool begun;	 /* the last byte was no line end */
	} streams[LOG_STDERR + 1];
};

static uint64_t time_of_day(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- lines ---- */

/* Cuts the first line, or the first part of one, off the front.  *ret_begins: it is the line's beginning. */
static size_t cut_line(struct lines *lines, uint32_t kind, const char *bytes, size_t size,
		       bool *ret_begins)
{
	const char *end = memchr(bytes, '\n', size);

	*ret_begins = !lines->streams[kind].begun;
	if (*ret_begins)
		lines->streams[kind].number = ++lines->count;
	lines->streams[kind].begun = !end;
	return end ? (size_t)(end - bytes) + 1 : size;
}

static bool is_selected(const struct selection *selection, const struct log_record *record)
{
	return record->time_ns >= selection->since_ns && record->time_ns <= selection->until_ns;
}

/* ---- printing ---- */

static int write_output(uint32_t kind, const char *bytes, size_t size, struct error *err)
{
	bool is_stderr = kind == LOG_STDERR;
	int failed = fd_write_all(is_stderr ? STDERR_FILENO : STDOUT_FILENO, bytes, size);

	if (failed == -EPIPE)
		inherit_end_by_sigpipe();
	return failed < 0 ? error_set(err, -failed, "write to standard %s",
				      is_stderr ? "error" : "output")
			  : 0;
}

static int print_record(const struct selection *selection, struct lines *lines,
			const struct log_item *item, struct error *err)
{
	const struct log_record *record = &item->record;
	size_t size = record->length;
	const char *at = item->bytes;
	autostrbuf struct strbuf out = { 0 };

	/* Nothing is changed or left out: the bytes go out as they are. */
	if (!selection->timestamps && !selection->skipped_lines)
		return write_output(record->kind, at, size, err);
	while (size) {
		bool begins;
		size_t length = cut_line(lines, record->kind, at, size, &begins);

		if (lines->streams[record->kind].number > selection->skipped_lines) {
			if (begins && selection->timestamps) {
				moment_print(record->time_ns, &out);
				strbuf_add_str(&out, " ");
			}
			strbuf_add(&out, at, length);
		}
		at += length;
		size -= length;
	}
	return out.size ? write_output(record->kind, out.bytes, out.size, err) : 0;
}

/* Says of lost output how much, since when and why. */
static void print_gap(const struct log_item *item)
{
	autostrbuf struct strbuf since = { 0 };
	struct log_gap gap;

	memcpy(&gap, item->bytes, sizeof(gap));
	moment_print(gap.since_ns, &since);
	/* A second urun-monitor has written this: what the first had in hand isn't known. */
	if (gap.bytes == 0) {
		log_warning("urun-monitor was killed, and replaced at %s: a piece of output before "
			    "that may not be in the log",
			    since.bytes);
		return;
	}
	log_warning("%llu bytes of output, from %s on, aren't in the log: %s",
		    (unsigned long long)gap.bytes, since.bytes, error_errno_text((int)gap.error));
}

/* Prints what there is now. */
static int print_now(struct log_reader *reader, const struct selection *selection,
		     struct lines *lines, struct error *err)
{
	struct log_item item;

	for (;;) {
		switch (log_reader_next(reader, &item, err)) {
		case LOG_READ_END: return 0;
		case LOG_READ_FAILED: return -1;
		case LOG_READ_DAMAGED:
			log_warning("%llu bytes of the log are damaged, and are left out",
				    (unsigned long long)item.damaged);
			break;
		case LOG_READ_MISSED:
			log_warning("a part of the log was removed before it was read: the program "
				    "writes faster");
			break;
		case LOG_READ_RECORD:
			if (!is_selected(selection, &item.record))
				break;
			if (item.record.kind == LOG_GAP)
				print_gap(&item);
			else if (print_record(selection, lines, &item, err) < 0)
				return -1;
			break;
		}
	}
}

/* ---- the last lines ---- */

static int count_lines(struct log_reader *reader, const struct selection *selection,
		       uint64_t *ret_count, struct error *err)
{
	struct lines lines = { 0 };
	struct log_item item;
	enum log_read read;

	reader->keeps_files = true;
	while ((read = log_reader_next(reader, &item, err)) != LOG_READ_END) {
		const char *at = item.bytes;
		size_t size = read == LOG_READ_RECORD ? item.record.length : 0;
		bool begins;

		if (read == LOG_READ_FAILED)
			return -1;
		if (read != LOG_READ_RECORD || item.record.kind == LOG_GAP ||
		    !is_selected(selection, &item.record))
			continue;
		while (size) {
			size_t length = cut_line(&lines, item.record.kind, at, size, &begins);

			at += length;
			size -= length;
		}
	}
	log_reader_rewind(reader);
	*ret_count = lines.count;
	return 0;
}

static int skip_lines(const char *tail, struct log_reader *reader, struct selection *selection,
		      struct error *err)
{
	uint64_t wanted, count;

	if (!tail || str_equal(tail, "all") || str_equal(tail, "-1"))
		return 0;
	if (number_parse_u64(tail, UINT64_MAX, &wanted) < 0)
		return error_set(err, 0, "option --tail is a number of lines or all, not '%s'",
				 tail);
	if (count_lines(reader, selection, &count, err) < 0)
		return -1;
	selection->skipped_lines = count > wanted ? count - wanted : 0;
	return 0;
}

/* ---- following ---- */

static int watch_log(int log_dir, int *ret_fd, struct error *err)
{
	autoclose int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char path[32];

	if (fd < 0 && errno == EMFILE) {
		error_set(err, errno, "watch the log");
		return error_hint(err, "raise the sysctl fs.inotify.max_user_instances");
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", log_dir);
	if (fd < 0 || inotify_add_watch(fd, path, IN_MODIFY | IN_CREATE | IN_ONLYDIR) < 0)
		return error_set(err, errno, "watch the log");
	*ret_fd = take_fd(&fd);
	return 0;
}

static void forget_events(int inotify)
{
	char events[4096];

	while (read(inotify, events, sizeof(events)) > 0)
		;
}

static int ms_until(uint64_t moment_ns)
{
	uint64_t now = time_of_day();
	uint64_t ms = moment_ns > now ? (moment_ns - now) / 1000000 + 1 : 0;

	return moment_ns == UINT64_MAX ? -1 : ms < INT_MAX ? (int)ms : INT_MAX;
}

/* The monitor has ended, and the program hasn't.  Returns a pidfd of the one that replaces it, or -1. */
static int replace_monitor(struct container *container)
{
	struct error failed = ERROR_NONE;
	char line[ERROR_LINE_SIZE];
	int monitor,
		replaced = monitor_replace(container, STATE_UNLOCKED, REPLACE_PATIENT, &failed);

	if (replaced < 0)
		log_warning("%s", error_format(&failed, line));
	monitor = replaced > 0 ? state_open_monitor(&container->state) : -1;
	return monitor < 0 ? -1 : monitor;
}

enum { POLL_LOG, POLL_END, POLL_OUTPUT, POLL_MONITOR, POLL_ALL };

/* Prints what is written, until the container has ended or the time is over. */
static int follow_log(struct container *container, int pidfd, struct log_reader *reader,
		      const struct selection *selection, struct lines *lines, struct error *err)
{
	autoclose int inotify = -1, monitor = -1;
	bool over = pidfd < 0;
	int opened = over ? -1 : state_open_monitor(&container->state);

	monitor = opened < 0 ? -1 : opened;
	if (!over && watch_log(reader->dir, &inotify, err) < 0)
		return -1;
	for (;;) {
		struct pollfd fds[POLL_ALL] = {
			[POLL_LOG] = { .fd = inotify, .events = POLLIN },
			[POLL_END] = { .fd = pidfd, .events = POLLIN },
			/* Nothing may be written for long: is there still a reader of what we write? */
			[POLL_OUTPUT] = { .fd = STDOUT_FILENO },
			[POLL_MONITOR] = { .fd = monitor, .events = POLLIN },
		};

		/* ORDER: the log is complete when its monitor has ended; only then it is read last. */
		if (over)
			reader->is_complete = detached_await(&container->dir, MONITOR_MS) == 0;
		if (print_now(reader, selection, lines, err) < 0)
			return -1;
		over = over || ms_until(selection->until_ns) == 0;
		if (over)
			return 0;
		if (poll(fds, POLL_ALL, ms_until(selection->until_ns)) < 0 && errno != EINTR)
			return error_set(err, errno, "wait for output");
		if (fds[POLL_OUTPUT].revents & POLLERR) {
			inherit_end_by_sigpipe();
			return error_set(err, EPIPE, "write to standard output");
		}
		over = fds[POLL_END].revents != 0;
		if (fds[POLL_MONITOR].revents) {
			fd_close(&monitor);
			monitor = over ? -1 : replace_monitor(container);
		}
		forget_events(inotify);
	}
}

/* ---- the command ---- */

static int parse_moment(const char *option, const char *text, uint64_t *ret_ns, struct error *err)
{
	int failed = text ? moment_parse(text, time_of_day(), ret_ns) : 0;

	return failed < 0 ? error_set(err, 0,
				      "option --%s is a time such as 2026-03-04T05:06:07Z, seconds "
				      "since 1970, or how long ago (10m, 1h30m), not '%s'",
				      option, text)
			  : 0;
}

static int print_log(struct container *container, int pidfd, const struct logs_options *options,
		     struct selection *selection, struct error *err)
{
	struct log_reader reader = LOG_READER_NONE;
	struct lines lines = { 0 };
	autoclose int dir = -1;
	int result = detached_open_log(container, &dir, err);

	if (result == 0 && container->state.attached)
		log_warning("container %s was last started with --attach, at %s: what it has "
			    "written since then went to its caller, and isn't in the log",
			    container->dir.id, container->state.began);
	reader.dir = dir;
	if (result == 0)
		result = skip_lines(options->tail, &reader, selection, err);
	if (result == 0)
		result = options->follow || pidfd < 0
				 ? follow_log(container, pidfd, &reader, selection, &lines, err)
				 : print_now(&reader, selection, &lines, err);
	if (result == 0 && pidfd < 0 && log_reader_rest(&reader))
		log_warning("the last %llu bytes of the log are damaged",
			    (unsigned long long)log_reader_rest(&reader));
	log_reader_release(&reader);
	return result;
}

static int cmd_logs(struct call *call, struct error *err)
{
	const struct logs_options *options = call->options;
	struct selection selection = { .timestamps = options->timestamps, .until_ns = UINT64_MAX };
	autocontainer struct container container = CONTAINER_NONE;
	enum container_status status;
	autoclose int pidfd = -1;

	if (parse_moment("since", options->since, &selection.since_ns, err) < 0 ||
	    parse_moment("until", options->until, &selection.until_ns, err) < 0 ||
	    container_open(call->globals->root, call->operands.items[0], STATE_UNLOCKED, &container,
			   err) != 0 ||
	    container_status(&container, &status, &pidfd, err) < 0)
		return -1;
	return print_log(&container, pidfd, options, &selection, err);
}

static const struct option_spec options_logs[] = {
	{ "follow", 'f', OPTION_FLAG, offsetof(struct logs_options, follow), NULL,
	  "print what is written, too, until the program has ended" },
	{ "tail", 'n', OPTION_STRING, offsetof(struct logs_options, tail), "N",
	  "only the last N lines" },
	{ "since", 0, OPTION_STRING, offsetof(struct logs_options, since), "TIME",
	  "only what was written since then: 10m, 2026-03-04T05:06:07Z" },
	{ "until", 0, OPTION_STRING, offsetof(struct logs_options, until), "TIME",
	  "only what was written until then" },
	{ "timestamps", 't', OPTION_FLAG, offsetof(struct logs_options, timestamps), NULL,
	  "the time before each line" },
};
static const struct command_usage usage_logs = {
	.name = "logs",
	.operands = "ID",
	.summary = "Prints what the program of a detached container has written.",
	.options = options_logs,
	.option_count = ARRAY_SIZE(options_logs),
	.options_size = sizeof(struct logs_options),
	.operands_min = 1,
	.operands_max = 1,
};
const struct command command_logs = { &usage_logs, cmd_logs, EXIT_STATUS_OTHER };
