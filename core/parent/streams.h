/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_STREAMS_H
#define URUN_PARENT_STREAMS_H

#include <stdbool.h>

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

/*
 * The streams to replace by /dev/null, as STREAM_BIT()s: stdin always; stdout and stderr unless
 * stream_outlives_caller().  @journal_stream is $JOURNAL_STREAM, or NULL.
 */
unsigned int streams_to_replace(const char *journal_stream);

/*
 * May a program in the background keep @fd?  True for a file, for a FIFO with a name (the caller
 * has redirected the stream to it), for a device that isn't a terminal, and for systemd's journal.
 * False for a pipe, a terminal and any other socket.
 * Source: systemd.exec(5), "$JOURNAL_STREAM".
 */
bool stream_outlives_caller(int fd, const char *journal_stream);

#endif
