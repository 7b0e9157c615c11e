/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_LOG_H
#define URUN_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"

/* By weight; syslog.h has taken the short names. */
enum log_level {
	LOG_LEVEL_ERROR,   /* the command fails */
	LOG_LEVEL_WARNING, /* the command goes on without something */
	LOG_LEVEL_INFO,	   /* the steps */
	LOG_LEVEL_DEBUG, /* every message on the sync pipe, every change of the config by scoping */
};

enum log_format {
	LOG_FORMAT_TEXT,
	LOG_FORMAT_JSON, /* an object a line: level, msg, time (RFC 3339) */
};

/*
 * Receives the lines instead of a descriptor: init's log goes through the sync pipe to the parent.
 */
typedef void log_sink(enum log_level level, const char *text, void *context);

/*
 * The log's level and targets are urun's only global state.
 * Until log_open() is called: warnings and errors, as text, on stderr.
 */
void log_set_level(enum log_level level);
bool log_enabled(enum log_level level);
enum log_level log_current_level(void);

/*
 * Appends to @path (created with 0600 where it doesn't exist), which may have "file:" before it;
 * the format of the lines is @format.  Errors go to stderr as text too, since engines read either
 * the log or stderr.  @path NULL: the log is text on stderr.
 */
int log_open(const char *path, enum log_format format, struct error *err);

/* Sends all lines to @sink; NULL: to the descriptor again. */
void log_set_sink(log_sink *sink, void *context);

void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
/*
 * A warning about the host or the caller, which several steps of one command find: the same text is
 * written once in a process, and again where log_set_sink() was called since.
 */
void log_warning_once(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Writes one line at a level; used by those who pass on the lines of another process, which isn't
 * trusted: the line goes through utf8_escape().
 */
void log_line(enum log_level level, const char *text);

/* Writes the one line of a failed command: to the log, and as "urun: …" to stderr. */
void log_failure(const struct error *err);

#endif
