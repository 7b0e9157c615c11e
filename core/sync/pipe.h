/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SYNC_PIPE_H
#define URUN_SYNC_PIPE_H

#include <stddef.h>

#include "core/base/error.h"
#include "core/sync/message.h"

/*
 * The sync pipe: one SOCK_STREAM socket pair.  A frame is a header (type, size) and a payload;
 * descriptors are sent with the header.  The reader trusts nothing: it accepts only the types that
 * it expects at the moment, and each type has a bound for its size and for its descriptors.  All
 * descriptors are close-on-exec.
 */

/* Makes both ends, close-on-exec. */
int pipe_new(int *ret_parent, int *ret_child, struct error *err);

/*
 * Sends one frame.  The caller keeps the descriptors.  Where the peer has closed its end, the error
 * is EPIPE, and no SIGPIPE is raised.
 */
int pipe_send(int fd, enum message_type type, const void *payload, size_t size, const int *fds,
	      size_t fd_count, struct error *err);

/*
 * Receives one frame whose type is in @expected (MESSAGE_BIT()).  Returns 1 with a message, which
 * the caller releases; 0 at the end of the pipe (between two frames); -1 with an error.
 */
int pipe_receive(int fd, unsigned int expected, struct message *ret_message, struct error *err);

/*
 * pipe_receive() for the parent, which waits for the child: writes a LOG message to our log and
 * goes on waiting; an ERROR message becomes the failure of this call, with the child's text, hint,
 * code and status.
 */
int pipe_await(int fd, unsigned int expected, struct message *ret_message, struct error *err);

/* Sends the child's last message.  Where sending fails, there is nobody left to tell. */
void pipe_send_error(int fd, const struct error *err);

#endif
