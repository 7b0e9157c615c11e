/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_STATE_SOCKET_H
#define URUN_CONTAINER_STATE_SOCKET_H

#include <sys/un.h>

#include "core/base/error.h"
#include "core/container/state.h"

/*
 * Sockets in a container's state directory, by their name there:
 *   STATE_FILE_PORTS  SOCK_SEQPACKET: requests to urun-port (netns/ports/port.h)
 *   STATE_FILE_BYPASS SOCK_SEQPACKET: listeners for urun-bypass (netns/notify.h)
 * Runs in: parent.
 */

/*
 * The address of the socket @name in the directory @dir, whose path may be longer than a socket
 * address holds: the address names the descriptor, which stays open while the address is used.
 */
void socket_address_in(int dir, const char *name, struct sockaddr_un *ret_address);

/* Makes the listener, close-on-exec, and its file. */
int state_socket_listen(const struct state_dir *dir, const char *name, int type, int *ret_fd,
			struct error *err);

/* Connects to the listener.  Fails with ECONNREFUSED where the listener is gone. */
int state_socket_connect(const struct state_dir *dir, const char *name, int type, int *ret_fd,
			 struct error *err);

/*
 * Connects to another program's socket by its path, which may be longer than a socket address
 * holds.  @what names the socket in the error.
 */
int socket_connect_path(const char *path, const char *what, int *ret_fd, struct error *err);

/* Sends one descriptor with @name as the payload, as receivers of consoles and pidfds expect. */
int socket_send_fd(int socket, int fd, const char *name, const char *what, struct error *err);

#endif
