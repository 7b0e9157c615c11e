/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_ERROR_H
#define URUN_BASE_ERROR_H

#include <stddef.h>

/*
 * One failure, told in one line.  The command owns the value and lends it downwards; nothing in it
 * is allocated, so it needs no release and can be sent over the sync pipe as it is. Start from
 * ERROR_NONE (all zero).
 */
struct error {
	int code;   /* errno of the cause; 0: the text says it all */
	int status; /* exit status that this failure asks for (126, 127); 0: the command's own */
	char text[1536]; /* what failed, on which object; lower case, no newline, no errno text */
	char hint[768];	 /* which host setting is the cause and how to mend it; empty: not known */
};

#define ERROR_NONE ((struct error){ 0 })

/* Enough for every line that error_format() can make. */
#define ERROR_LINE_SIZE 2560

/*
 * Sets the failure, over an earlier one.  @errnum is an errno or 0.
 * Returns -1 always, so that failing is one statement: return error_set(err, errno, "open %s",
 * path);
 */
int error_set(struct error *err, int errnum, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "context: " before the text, where it helps to find the place.  Returns -1. */
int error_prefix(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Sets the hint.  Returns -1. */
int error_hint(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * The whole line without newline: "text: errno text (hint: …)", the errno text with a small first
 * letter as Go's runtimes print it.  Control characters are shown as '?', so that what comes from a
 * file can't forge a line.
 */
const char *error_format(const struct error *err, char line[static ERROR_LINE_SIZE]);

/* The errno's text with a small first letter; valid until the next call. */
const char *error_errno_text(int errnum);

#endif
