/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_RIGHTS_H
#define URUN_BASE_RIGHTS_H

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

/*
 * Descriptors that go with the bytes of a Unix socket.  Source: unix(7), SCM_RIGHTS.
 */
#define RIGHTS_MAX 8

/*
 * sendmsg(2), repeated where a signal interrupts it, and without SIGPIPE where the peer has ended.
 * The descriptors (RIGHTS_MAX at most, and never without a byte) stay the caller's; they go with
 * the first byte.  Returns the number of bytes sent, which on a stream may be less than all, or a
 * negative errno.
 */
ssize_t rights_send(int socket, const struct iovec *parts, size_t part_count, const int *fds,
		    size_t fd_count);

/*
 * recvmsg(2) with @flags, repeated in the same way.  The descriptors are close-on-exec, and the
 * caller's.  Returns the number of bytes, 0 at the end, or a negative errno: -EPROTO for more than
 * @fd_max descriptors (RIGHTS_MAX at most).  There are descriptors only where the result is
 * positive.
 */
ssize_t rights_receive(int socket, const struct iovec *parts, size_t part_count, int flags,
		       int *ret_fds, size_t fd_max, size_t *ret_fd_count);

#endif
