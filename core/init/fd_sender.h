/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_INIT_FD_SENDER_H
#define URUN_INIT_FD_SENDER_H

#include "core/base/error.h"

/*
 * A child of init, which opens something in namespaces that init itself can't enter and leave again, and
 * sends init the descriptor.
 */

/*
 * Runs in: the sender, a copy of init with init's memory and descriptors.  It calls fd_sender_send() once, or has a
 * child that does, and may return then.
 */
typedef void fd_sender_work(const void *argument, int socket);

/* Sends the descriptor, or a negative errno in place of it.  Makes system calls only. */
void fd_sender_send(int socket, int fd);

/*
 * Forks a sender, which can't outlive init and isn't dumpable, and waits for its end.  *ret_fd is what the
 * sender has sent: a descriptor, which the caller closes, or a negative errno.  Returns -1 where no sender could
 * be made.
 * Runs in: init, where no process of the container sees the sender, unless @work says otherwise.
 */
int fd_sender_run(fd_sender_work *work, const void *argument, int *ret_fd, struct error *err);

#endif
