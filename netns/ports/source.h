/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_PORTS_SOURCE_H
#define URUN_NETNS_PORTS_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"
#include "netns/options.h"
#include "netns/ports/publish.h"

/*
 * Which source address the container sees for a client of a published port.
 *   TCP  The client's own address and port.  A client on the host's loopback appears with the
 *        gateway's address, since 127.0.0.1 means the container itself in the container.
 *   UDP, and TCP where the kernel has no policy routing
 *        The container's own address.  (What the container's program sends as a reply can't be told
 *        from what it sends on its own account, so replies can't be routed back to us.)
 *
 * For TCP, our sockets are bound to addresses that aren't the container's (IP_TRANSPARENT), and are
 * marked.  The replies of a connection that we have opened carry the mark too
 * (net.ipv4.tcp_fwmark_accept, and fwmark_reflect for packets without a connection).  A rule routes
 * marked packets to lo, where our sockets are, instead of to the network.
 * Runs in: urun-port, in the container's network namespace.
 * Source: ip(7), IP_TRANSPARENT; ip-rule(8); Documentation/networking/ip-sysctl.rst of Linux.
 */
struct source {
	const struct network_options *options;
	bool transparent4, transparent6;
};

/*
 * Sets up the routes for the mark.  On failure *ret_source is usable all the same: the container
 * sees its own address then.  Needs CAP_NET_ADMIN, and /proc.
 */
int source_prepare(const struct network_options *options, struct source *ret_source,
		   struct error *err);

/*
 * Makes a non-blocking socket in the container's network namespace and connects it to the
 * container's @port, in the family @family, for the client @client.  Returns the descriptor, which
 * may still be connecting, or a negative errno.
 */
int source_connect_stream(const struct source *source, int family,
			  const union publish_address *client, uint16_t port);

/* The same for datagrams.  The socket receives datagrams of that port only. */
int source_connect_datagram(const struct source *source, int family, uint16_t port);

#endif
