/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_STREAMS_H
#define URUN_PARENT_STREAMS_H

#include <stdbool.h>

/*
 * The standard streams of a program that runs in the background and that a person has started by
 * options (`run --detach --rootfs`).  Such a program must not keep what the caller waits for or types
 * into: `id=$(urun run --detach ...)` reads until the last writer has closed the pipe, and a terminal
 * belongs to the shell.  `create`, and `run --detach` of a bundle, hand the caller's streams over as they
 * are, as engines rely on that.
 */

/* One bit for each of the descriptors 0, 1 and 2. */
#define STREAM_BIT(fd) (1u << (fd))
#define STREAM_COUNT   3

/*
 * The streams that become /dev/null, as STREAM_BIT()s: stdin always, and stdout and stderr unless
 * stream_outlives_caller().  @journal_stream is $JOURNAL_STREAM, or NULL.
 */
unsigned int streams_to_replace(const char *journal_stream);

/*
 * May a program in the background keep @fd?  True for a file with a name (a FIFO too: the caller has
 * redirected to it), for a device that is no terminal, and for systemd's journal.  False for a pipe, another
 * socket and a terminal, on whose end the caller waits.
 * Source: systemd.exec(5), "$JOURNAL_STREAM".
 */
bool stream_outlives_caller(int fd, const char *journal_stream);

#endif
