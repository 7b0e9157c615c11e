/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_BYPASS_HOST_SOCKET_H
#define URUN_NETNS_BYPASS_HOST_SOCKET_H

#include <stdbool.h>

#include "netns/bypass/destination.h"
#include "netns/bypass/guard.h"
#include "netns/bypass/route.h"
#include "netns/bypass/socket_options.h"

/*
 * A TCP socket of the host's network namespace that may be given to anybody; the head of
 * host_socket.c says why.
 * Runs in: urun-bypass.
 */

/* What all sockets of one urun-bypass are made with. */
struct host_sockets {
	struct guards guards;
	struct socket_defaults defaults;
	const struct network_options *options;
};

/*
 * Makes the socket as it is before it connects: non-blocking, bound for ever to the interface @index and
 * to @source with a port that the kernel has chosen, and unable to listen.  Returns a descriptor or a
 * negative errno; -EINVAL where the interface or the address is none, or of the loopback.
 */
int host_socket_new(struct guards *guards, unsigned int index, const union guard_address *source);

/* Can @fd, a socket of the host's network namespace, be such a socket?  It is bound to an interface. */
bool host_socket_is(int fd);

/*
 * Makes such a socket with what the program has set on @like, and begins to connect it to
 * @destination by @route, of the host, from the address of the option `outbound`, or else the route's.
 * IPV6_V6ONLY is set where the destination is of IPv6, whatever @like has.  Returns 0 where it is connected, -EINPROGRESS,
 * or why it can't be connected: *ret_fd is the socket in the first two cases.  *ret_answered tells
 * whether the errno is the network's answer, not a lack of our own.
 */
int host_socket_connect(struct host_sockets *host, int like, const struct route *route,
			const struct destination *destination, int *ret_fd, bool *ret_answered);

#endif
