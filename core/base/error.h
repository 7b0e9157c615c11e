/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_ERROR_H
#define URUN_BASE_ERROR_H

#include <stddef.h>

/* Bytes of an error's two texts, with the NUL. */
#define ERROR_TEXT_SIZE 1536
#define ERROR_HINT_SIZE 768

/*
 * One failure, told in one line.  The command owns the value and lends it downwards; nothing in it
 * is allocated, so it needs no release.  Over the sync pipe goes a struct message_error, which has
 * no pointer.  Start from ERROR_NONE (all zero).
 */
struct error {
	int code;   /* errno of the cause; 0: the text says it all */
	int status; /* exit status that this failure asks for (126, 127); 0: the command's own */
	/* what failed, on which object; lower case, no newline, no errno text */
	char text[ERROR_TEXT_SIZE];
	/* which host setting is the cause and how to mend it; empty: not known */
	char hint[ERROR_HINT_SIZE];
	struct error_list *all; /* who wants all failures and not the first; NULL: nobody */
};

/* Failures that were gathered.  Release with error_list_release(). */
struct error_list {
	struct error *items;
	size_t count;
};

void error_list_release(struct error_list *list);

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

/* Makes @err tell what @other does.  Returns -1. */
int error_take(struct error *err, const struct error *other);

/* Sets the hint.  Returns -1. */
int error_hint(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Fails with "@what was killed by signal N (NAME) @when", and a hint at what sends SIGKILL.  Returns -1. */
int error_set_killed(struct error *err, const char *what, int signal, const char *when);

/*
 * Between checks that don't depend on each other.  Returns @result; but where all failures are
 * wanted, one moves from @err to their list, and 0 is returned: go on with the next check.  So the
 * checks are the same for who stops at the first:
 *	if (error_gather(err, check_this(err)) < 0 || error_gather(err, check_that(err)) < 0)
 */
int error_gather(struct error *err, int result);

/*
 * The whole line without newline: "text: errno text (hint: …)", the errno text with a small first
 * letter as Go's runtimes print it.  It goes through utf8_make_printable(), as parts of it come
 * from files and from the container.
 */
const char *error_format(const struct error *err, char line[static ERROR_LINE_SIZE]);

/* The errno's text with a small first letter; valid until the next call. */
const char *error_errno_text(int errnum);

#endif
