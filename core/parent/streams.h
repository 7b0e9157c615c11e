/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_STREAMS_H
#define URUN_PARENT_STREAMS_H

#include <stdbool.h>

#include "core/base/error.h"

/*
 * The standard streams of a program in the background, started without a bundle (`run --detach
 * --rootfs`).  Such a program must not keep a pipe or a terminal of the caller:
 * `id=$(urun run --detach ...)` reads until the last writer has closed the pipe, and the terminal
 * belongs to the shell.  `create`, and `run --detach` of a bundle, pass the caller's streams on
 * unchanged, as engines rely on it.
 */

/* One bit for each of the descriptors 0, 1 and 2. */
#define STREAM_BIT(fd) (1u << (fd))
#define STREAM_COUNT   3

struct streams {
	int program[STREAM_COUNT]; /* what the program gets; -1: the caller's stream */
	int log[STREAM_COUNT];	   /* where its output is read; -1: nowhere */
};

#define STREAMS_NONE ((struct streams){ { -1, -1, -1 }, { -1, -1, -1 } })

/*
 * Opens the streams of a program in the background.  stdin is /dev/null.  stdout and stderr are the
 * caller's where stream_outlives_caller(); else pipes, or /dev/null where nothing is @logged.
 * @journal_stream is $JOURNAL_STREAM, or NULL.
 *
 * The program's ends of the pipes are open for reading too.  So a pipe always has a reader, and a
 * write neither fails nor raises SIGPIPE when the process that reads the pipe for the log was killed.  Such a process
 * is replaced (core/container/replace.h), and finds the pipe by the program's end of it.
 * Our ends never block.
 */
int streams_open(const char *journal_stream, bool logged, struct streams *ret_streams,
		 struct error *err);

/*
 * The same with nothing of the caller's: for a container that is started again, whose output belongs
 * to its log, wherever that of `start` goes.
 */
int streams_open_own(bool logged, struct streams *ret_streams, struct error *err);

/* Opens /dev/null for the program in place of @which streams, which are STREAM_BIT()s. */
int streams_open_null(unsigned int which, struct streams *ret_streams, struct error *err);

/* Closes the program's descriptors, or all. */
void streams_close_program(struct streams *streams);
void streams_close(struct streams *streams);

/*
 * May a program in the background keep @fd?  True for a file, for a FIFO with a name (the caller
 * has redirected the stream to it), for a device but a terminal and /dev/null, and for systemd's
 * journal.  False for a pipe, a terminal and any other socket; and for /dev/null, with which a script
 * hides the id that `run --detach` prints.
 * Source: systemd.exec(5), "$JOURNAL_STREAM".
 */
bool stream_outlives_caller(int fd, const char *journal_stream);

#endif
