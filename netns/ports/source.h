/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_PORTS_SOURCE_H
#define URUN_NETNS_PORTS_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"
#include "netns/options.h"
#include "netns/ports/publish.h"

/*
 * Which source address the container sees of a published port's client.
 *   TCP  the client's own, address and port.  A client on the host's loopback has the gateway's
 *        address: 127.0.0.1 would be the container itself to the container.
 *   UDP, and TCP where the kernel has no policy routing
 *        the container's own address.  (What its UDP server sends back can't be told from what it
 *        sends of its own accord, so that it can't be routed back to us.)
 * Sockets are bound to addresses that aren't the container's (IP_TRANSPARENT), and marked.  What a
 * connection that they opened sends back has the mark too (net.ipv4.tcp_fwmark_accept, and
 * fwmark_reflect for what there is no connection for), and by that is routed to lo, where they are, in place of the network.
 * Runs in: urun-port, in the container's network namespace.
 * Source: ip(7), IP_TRANSPARENT; ip-rule(8); Documentation/networking/ip-sysctl.rst of Linux.
 */
struct source {
	const struct network_options *options;
	bool transparent4, transparent6;
};

/*
 * Sets up the marks' routes.  Where that can't be had it fails, and *ret_source is one without: the
 * container sees its own address then.  Needs CAP_NET_ADMIN, and /proc.
 */
int source_prepare(const struct network_options *options, struct source *ret_source,
		   struct error *err);

/*
 * A non-blocking socket of the container's that is connecting to its @port, or connected, in the
 * family @family for the client @client.  Returns the descriptor or a negative errno.
 */
int source_connect_stream(const struct source *source, int family,
			  const union publish_address *client, uint16_t port);

/* The same for datagrams: it hears of that port alone. */
int source_connect_datagram(const struct source *source, int family, uint16_t port);

#endif
