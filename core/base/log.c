// SPDX-License-Identifier: Apache-2.0
#include "core/base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/base/json.h"
#include "core/base/place.h"
#include "core/base/str.h"
#include "core/base/utf8.h"

/* Bytes of a warning, info or debug line at most; an error's line has ERROR_LINE_SIZE. */
#define LINE_SIZE 4096

/* How long we wait for the reader of a log that is a FIFO. */
#define READER_TIMEOUT_MS 1000

static struct {
	enum log_level level;
	bool level_was_set;
	bool has_file;
	int fd;
	enum log_format format;
	log_sink *sink;
	void *sink_context;
} target = { .level = LOG_LEVEL_WARNING, .fd = -1 };

/* What log_warning_once() has written. */
static struct str_list warned;

static const char *const level_names[] = { "error", "warning", "info", "debug" };

void log_set_level(enum log_level level)
{
	target.level = level;
	target.level_was_set = true;
}

bool log_enabled(enum log_level level)
{
	return level <= target.level;
}

enum log_level log_current_level(void)
{
	return target.level;
}

int log_open(const char *path, enum log_format format, struct error *err)
{
	const char *name;
	int fd;

	if (!path)
		return 0;
	name = str_starts_with(path, "file:") ? path + strlen("file:") : path;
	if (str_starts_with(path, "syslog:") || str_starts_with(path, "journald:"))
		return error_set(err, 0, "log %s: only a file can be the log", path);
	if (place_open_append("log", name, 0600, &fd, err) < 0)
		return -1;
	fd_close(&target.fd);
	target.fd = fd;
	target.has_file = true;
	target.format = format;
	/*
	 * podman reads the whole file as one JSON object: the failure's line must be the only line,
	 * unless a level was asked for.
	 */
	if (!target.level_was_set)
		target.level = LOG_LEVEL_ERROR;
	return 0;
}

void log_set_sink(log_sink *sink, void *context)
{
	target.sink = sink;
	target.sink_context = context;
	str_list_release_texts(&warned);
}

static void write_to_file(enum log_level level, const char *text)
{
	autostrbuf struct strbuf line = { 0 };
	char time[CLOCK_TEXT_SIZE];

	clock_print_now(time);
	if (target.format == LOG_FORMAT_JSON) {
		strbuf_addf(&line, "{\"level\":\"%s\",\"msg\":", level_names[level]);
		json_write_string(text, &line);
		strbuf_addf(&line, ",\"time\":\"%s\"}\n", time);
	} else {
		strbuf_addf(&line, "time=\"%s\" level=%s msg=", time, level_names[level]);
		json_write_string(text, &line);
		strbuf_add_str(&line, "\n");
	}
	/*
	 * A log that is a FIFO whose reader has stopped reading would block us for ever: the log
	 * gets no more lines then, and the failure goes to stderr as well.
	 */
	if (target.fd >= 0 &&
	    fd_write_within(target.fd, line.bytes, line.size, READER_TIMEOUT_MS) == -ETIMEDOUT)
		fd_close(&target.fd);
}

static void write_to_stderr(enum log_level level, const char *text)
{
	autostrbuf struct strbuf line = { 0 };

	if (level == LOG_LEVEL_ERROR)
		strbuf_addf(&line, "urun: %s\n", text);
	else
		strbuf_addf(&line, "urun: %s: %s\n", level_names[level], text);
	/*
	 * One write for each line, so that lines of several processes don't mix.  A failure of the
	 * log can't be reported anywhere.
	 */
	(void)fd_write_all(STDERR_FILENO, line.bytes, line.size);
}

void log_line(enum log_level level, const char *text)
{
	int saved = errno;

	autostrbuf struct strbuf line = { 0 };

	if (!log_enabled(level))
		return;
	/* Here and not in the callers: no text reaches a terminal in another way. */
	utf8_escape(text, &line);
	if (target.sink) {
		target.sink(level, line.bytes, target.sink_context);
		errno = saved;
		return;
	}
	if (target.has_file)
		write_to_file(level, line.bytes);
	if (!target.has_file || level == LOG_LEVEL_ERROR)
		write_to_stderr(level, line.bytes);
	errno = saved;
}

__attribute__((format(printf, 2, 0))) static void log_format_line(enum log_level level,
								  const char *format, va_list args)
{
	char line[LINE_SIZE];

	vsnprintf(line, sizeof(line), format, args);
	log_line(level, line);
}

void log_warning(const char *format, ...)
{
	va_list args;

	if (!log_enabled(LOG_LEVEL_WARNING))
		return;
	va_start(args, format);
	log_format_line(LOG_LEVEL_WARNING, format, args);
	va_end(args);
}

void log_warning_once(const char *format, ...)
{
	char line[LINE_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	for (size_t i = 0; i < warned.count; i++)
		if (str_equal(warned.items[i], line))
			return;
	str_list_add(&warned, str_dup(line));
	log_line(LOG_LEVEL_WARNING, line);
}

void log_info(const char *format, ...)
{
	va_list args;

	if (!log_enabled(LOG_LEVEL_INFO))
		return;
	va_start(args, format);
	log_format_line(LOG_LEVEL_INFO, format, args);
	va_end(args);
}

void log_debug(const char *format, ...)
{
	va_list args;

	if (!log_enabled(LOG_LEVEL_DEBUG))
		return;
	va_start(args, format);
	log_format_line(LOG_LEVEL_DEBUG, format, args);
	va_end(args);
}

void log_failure(const struct error *err)
{
	char line[ERROR_LINE_SIZE];

	log_line(LOG_LEVEL_ERROR, error_format(err, line));
}
