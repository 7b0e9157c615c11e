// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/container/state_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "core/base/fd.h"
#include "core/base/rights.h"

#define BACKLOG 8

#define LISTENER_TIMEOUT_S 5

/*
 * A listener that accepts nothing, or reads nothing, would block us for ever.  The time-out stays
 * with the socket, also where init continues with it.  Source: socket(7) "SO_SNDTIMEO"; unix(7).
 */
static int make_client(int type)
{
	const struct timeval timeout = { .tv_sec = LISTENER_TIMEOUT_S };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	return fd;
}

/* EAGAIN is the time-out of make_client(). */
static int cause_of(int errnum)
{
	return errnum == EAGAIN ? ETIMEDOUT : errnum;
}

void socket_address_in(int dir, const char *name, struct sockaddr_un *ret_address)
{
	*ret_address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(ret_address->sun_path, sizeof(ret_address->sun_path), "/proc/self/fd/%d/%s", dir,
		 name);
}

int state_socket_listen(const struct state_dir *dir, const char *name, int type, int *ret_fd,
			struct error *err)
{
	autoclose int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;

	socket_address_in(dir->fd, name, &address);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, BACKLOG) < 0)
		return error_set(err, errno, "listen on %s/%s", dir->path, name);
	*ret_fd = take_fd(&fd);
	return 0;
}

int state_socket_connect(const struct state_dir *dir, const char *name, int type, int *ret_fd,
			 struct error *err)
{
	autoclose int fd = make_client(type);
	struct sockaddr_un address;

	socket_address_in(dir->fd, name, &address);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return error_set(err, cause_of(errno), "connect to %s/%s", dir->path, name);
	*ret_fd = take_fd(&fd);
	return 0;
}

int socket_connect_path(const char *path, const char *what, int *ret_fd, struct error *err)
{
	autoclose int fd = make_client(SOCK_STREAM);
	autoclose int file = -1;
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) < sizeof(address.sun_path)) {
		memcpy(address.sun_path, path, strlen(path) + 1);
	} else {
		file = open(path, O_PATH | O_CLOEXEC);
		if (file < 0)
			return error_set(err, errno, "open %s %s", what, path);
		snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d", file);
	}
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return error_set(err, cause_of(errno), "connect to %s %s", what, path);
	*ret_fd = take_fd(&fd);
	return 0;
}

int socket_send_fd(int socket, int fd, const char *name, const char *what, struct error *err)
{
	struct iovec part = { .iov_base = (void *)(uintptr_t)name, .iov_len = strlen(name) };
	ssize_t sent = rights_send(socket, &part, 1, &fd, 1);

	return sent < 0 ? error_set(err, cause_of((int)-sent), "send the descriptor to %s", what)
			: 0;
}
