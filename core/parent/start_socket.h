/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_START_SOCKET_H
#define URUN_PARENT_START_SOCKET_H

#include "core/base/error.h"
#include "core/parent/state.h"

/*
 * The socket on which a created container's init waits: a listener in the state folder.  Unlike a
 * FIFO it needs no path inside the container, refuses the connection when init is gone, and carries
 * init's error back to `start`.
 */

/*
 * Makes the listener, close-on-exec; the file appears now, so it comes before the container is
 * handed over.
 */
int start_socket_listen(const struct state_dir *dir, int *ret_fd, struct error *err);

/* Connects to a created container's init.  Fails with ECONNREFUSED where it is gone. */
int start_socket_connect(const struct state_dir *dir, int *ret_fd, struct error *err);

/*
 * Connects to somebody's socket by its path, which may be longer than a socket address holds. @what
 * names it in the error.
 */
int socket_connect_path(const char *path, const char *what, int *ret_fd, struct error *err);

/*
 * Sends one descriptor with @name as the payload, as the receivers of consoles and pidfds expect
 * it.
 */
int socket_send_fd(int socket, int fd, const char *name, const char *what, struct error *err);

#endif
