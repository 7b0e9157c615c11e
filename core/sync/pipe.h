/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SYNC_PIPE_H
#define URUN_SYNC_PIPE_H

#include <stddef.h>

#include "core/base/error.h"
#include "core/sync/message.h"

/*
 * The sync pipe: one SOCK_STREAM socket pair.  A frame is a header (type, size) and a payload;
 * descriptors travel with the header.  The reader trusts nothing: the type must be one of those it
 * waits for, the size within the type's bound, the descriptors no more than the type has; all
 * descriptors are close-on-exec.
 */

/* Makes both ends, close-on-exec. */
int pipe_new(int *ret_parent, int *ret_child, struct error *err);

/*
 * Sends one frame.  The descriptors stay the caller's.  SIGPIPE is not raised; a peer that is gone
 * is EPIPE.
 */
int pipe_send(int fd, enum message_type type, const void *payload, size_t size, const int *fds,
	      size_t fd_count, struct error *err);

/*
 * Receives one frame whose type is in @expected (MESSAGE_BIT()).  Returns 1 with a message, 0 at
 * the end of the pipe (between two frames), -1 with an error.  The message is the caller's to
 * release.
 */
int pipe_receive(int fd, unsigned int expected, struct message *ret_message, struct error *err);

/*
 * The parent's way to wait for the child: like pipe_receive(), but takes LOG (passed on to our log)
 * by itself, and makes an ERROR its own failure with the child's code, text, hint and status.
 */
int pipe_await(int fd, unsigned int expected, struct message *ret_message, struct error *err);

/* The child's last word.  What fails here can't be told to anybody. */
void pipe_send_error(int fd, const struct error *err);

#endif
