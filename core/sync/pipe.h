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

enum pipe_step {
	PIPE_FAILED,  /* an error is set */
	PIPE_END,     /* the pipe has ended, between two messages */
	PIPE_MESSAGE, /* a message of an expected type was received */
	PIPE_LOGGED,  /* a LOG message was received, and its line is in our log */
	PIPE_EMPTY,   /* no whole message is there; only where @fd is O_NONBLOCK */
};

/*
 * pipe_receive() for the parent: writes a LOG message to our log; an ERROR message becomes the
 * failure of this call, with the child's text, hint, code and status.
 */
enum pipe_step pipe_take(int fd, unsigned int expected, struct message *ret_message,
			 struct error *err);

/*
 * A process that the container has taken over could send lines for the log without end.  A config
 * of ours leads to some hundred lines.
 */
#define PIPE_LINES_MAX 10000

/*
 * Waits for a message as pipe_take() receives it, and returns as pipe_receive() does.  Fails after
 * PIPE_LINES_MAX lines for the log.
 */
int pipe_await(int fd, unsigned int expected, struct message *ret_message, struct error *err);

/* Sends the child's last message.  Where sending fails, there is nobody left to tell. */
void pipe_send_error(int fd, const struct error *err);

#endif
