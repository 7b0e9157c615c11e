/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_ERROR_H
#define URUN_BASE_ERROR_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of the two texts of an error, each with its NUL. */
#define ERROR_TEXT_SIZE 1536
#define ERROR_HINT_SIZE 768

/* A step whose failure a caller treats in another way than the failures of all other steps. */
enum error_cause {
	ERROR_CAUSE_ANY,
	ERROR_CAUSE_OVERLAY, /* making or serving the overlay over the root file system */
	ERROR_CAUSE_ID_BUSY, /* another command creates or removes the container with this id */
};

/*
 * One failure, reported in one line.  The command owns the value and lends it downwards; nothing in
 * it is allocated, so nothing needs to be released.  Over the sync pipe goes a struct
 * error_packet, which has no pointer.  Start from ERROR_NONE (all zero).
 */
struct error {
	int code;   /* errno of the cause; 0: the text says everything */
	int status; /* exit status that this failure asks for (126, 127); 0: the command's own */
	enum error_cause cause;
	/* what failed, on which object; lower case, no newline, no errno text */
	char text[ERROR_TEXT_SIZE];
	/* which host setting is the cause and how to fix it; empty: not known */
	char hint[ERROR_HINT_SIZE];
	struct error_list *all; /* collects all failures; NULL: the first failure ends the work */
};

/* Failures that were gathered.  Release with error_list_release(). */
struct error_list {
	struct error *items;
	size_t count;
};

void error_list_release(struct error_list *list);

#define ERROR_NONE ((struct error){ 0 })

/*
 * Enough for both texts, unless many of their bytes are escaped: then the line is cut, because the
 * engines' buffers have 8 KiB.
 */
#define ERROR_LINE_SIZE 2560

/*
 * Sets the failure, and replaces an earlier one.  @errnum is an errno or 0.
 * Always returns -1, so that failing is one statement: return error_set(err, errno, "open %s",
 * path);
 */
int error_set(struct error *err, int errnum, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "context: " before the text, where it helps to find the place.  Returns -1. */
int error_prefix(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Copies the failure of @other to @err.  Returns -1. */
int error_take(struct error *err, const struct error *other);

/* Sets the hint.  Returns -1. */
int error_hint(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts @hint behind the hint that there may be. */
void error_hint_also(struct error *err, const char *hint);

/*
 * Sets "@what was killed by signal N (NAME) @when", with a hint where the signal is SIGKILL.
 * Returns -1.
 */
int error_set_killed(struct error *err, const char *what, int signal, const char *when);

/*
 * Stands between checks that don't depend on each other.  Returns @result; but where the caller
 * collects all failures, error_gather() moves the failure from @err to the list and returns 0, so
 * that the next check runs.  The same checks serve callers that stop at the first failure:
 *	if (error_gather(err, check_this(err)) < 0 || error_gather(err, check_that(err)) < 0)
 */
int error_gather(struct error *err, int result);

/*
 * The whole line without newline: "text: errno text (hint: …)", the errno text with a small first
 * letter as Go's runtimes print it.  The line goes through utf8_escape(), as parts of it come from
 * files and from the container.
 */
const char *error_format(const struct error *err, char line[static ERROR_LINE_SIZE]);

/* The text of the errno, beginning with a small letter; valid until the next call. */
const char *error_errno_text(int errnum);

/*
 * A failure as it is sent to another process: text, hint, errno, exit status and cause.  There is no
 * pointer in it, since the receiver doesn't trust the sender, and a pointer would be an address of the
 * sender's choice.
 */
struct error_packet {
	int32_t code;	/* errno, or 0 */
	int32_t status; /* 0 … 255 */
	int32_t cause;	/* enum error_cause */
	char text[ERROR_TEXT_SIZE];
	char hint[ERROR_HINT_SIZE];
};

/* Fills @ret_packet from @err; makes no system call. */
void error_pack(const struct error *err, struct error_packet *ret_packet);

/*
 * Copies the failure of the sender into @err and returns -1.  The sender isn't trusted: the texts are
 * terminated and the numbers checked here.  err->all, the receiver's own list, isn't changed.
 */
int error_unpack(const struct error_packet *received, struct error *err);

#endif
