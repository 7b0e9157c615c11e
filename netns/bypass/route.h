/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_BYPASS_ROUTE_H
#define URUN_NETNS_BYPASS_ROUTE_H

#include <stdbool.h>

#include "netns/bypass/destination.h"

/*
 * The kernel's answer to "by which way would a TCP connection go there?", in the network namespace of
 * the netlink socket that is asked.  It knows the routing tables, the policies, and all addresses of
 * its own, whatever name they are given.
 * Runs in: urun-bypass.
 * Source: rtnetlink(7), RTM_GETROUTE.
 */
struct route {
	unsigned char type; /* RTN_UNICAST, RTN_LOCAL … */
	unsigned int index; /* of the outgoing interface; 0: none */
	bool has_source;    /* the address that the connection would come from */
	int family;	    /* of the gateway; AF_UNSPEC: there is none */
	union {
		struct in_addr v4;
		struct in6_addr v6;
	} gateway, source;
};

/* Makes a netlink socket of the caller's network namespace.  Returns a descriptor or -errno. */
int route_socket(void);

/* Returns 0, or a negative errno; -ENETUNREACH where there is no route. */
int route_ask(int netlink, const struct destination *destination, struct route *ret_route);

/* Does the route lead to the gateway that urun-slirp is? */
bool route_is_slirp(const struct network_options *options, const struct route *route);

#endif
