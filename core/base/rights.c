// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include "core/base/rights.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* Aligned as cmsg(3) requires. */
union control {
	char bytes[CMSG_SPACE(sizeof(int) * RIGHTS_MAX)];
	struct cmsghdr align;
};

static struct msghdr header_of(const struct iovec *parts, size_t part_count)
{
	return (struct msghdr){ .msg_iov = (struct iovec *)(uintptr_t)parts,
				.msg_iovlen = part_count };
}

ssize_t rights_send(int socket, const struct iovec *parts, size_t part_count, const int *fds,
		    size_t fd_count)
{
	struct msghdr header = header_of(parts, part_count);
	union control control = { 0 };
	ssize_t sent;

	if (fd_count > RIGHTS_MAX)
		return -EINVAL;
	if (fd_count > 0) {
		struct cmsghdr *cmsg;

		header.msg_control = control.bytes;
		header.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
		cmsg = CMSG_FIRSTHDR(&header);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
		memcpy(CMSG_DATA(cmsg), fds, sizeof(int) * fd_count);
	}
	do {
		sent = sendmsg(socket, &header, MSG_NOSIGNAL);
		if (sent < 0 && errno == ENOTSOCK && fd_count == 0)
			sent = writev(socket, parts, (int)part_count);
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : sent;
}

/* Keeps the first @max descriptors and closes the others; returns whether there were others. */
static bool take(struct msghdr *header, int *fds, size_t max, size_t *count)
{
	bool surplus = header->msg_flags & MSG_CTRUNC;

	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(header); cmsg; cmsg = CMSG_NXTHDR(header, cmsg)) {
		size_t here = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < here; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof(int));
			if (*count < max) {
				fds[(*count)++] = fd;
			} else {
				close(fd);
				surplus = true;
			}
		}
	}
	return surplus;
}

ssize_t rights_receive(int socket, const struct iovec *parts, size_t part_count, int flags,
		       int *ret_fds, size_t fd_max, size_t *ret_fd_count)
{
	struct msghdr header = header_of(parts, part_count);
	union control control;
	int resets = 0;
	size_t count = 0;
	ssize_t got;

	header.msg_control = control.bytes;
	header.msg_controllen = sizeof(control.bytes);
	*ret_fd_count = 0;
	do {
		got = recvmsg(socket, &header, MSG_CMSG_CLOEXEC | flags);
		if (got < 0 && errno == ENOTSOCK) {
			header.msg_controllen = 0;
			got = readv(socket, parts, (int)part_count);
		}
		/*
		 * A peer that ends with bytes of ours unread resets the connection.  The kernel
		 * reports the reset once, before the bytes that the peer had sent: these can still
		 * be read.
		 */
	} while (got < 0 && (errno == EINTR || (errno == ECONNRESET && resets++ == 0)));
	if (got < 0)
		return -errno;
	/* An empty datagram looks like the end, and may carry descriptors nevertheless. */
	if (take(&header, ret_fds, got > 0 ? fd_max : 0, &count) && got > 0) {
		while (count > 0) {
			close(ret_fds[--count]);
			ret_fds[count] = -1;
		}
		return -EPROTO;
	}
	*ret_fd_count = count;
	return got;
}
