/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_BYPASS_DESTINATION_H
#define URUN_NETNS_BYPASS_DESTINATION_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include "netns/options.h"

/* The longest address of any family.  Source: Linux, struct __kernel_sockaddr_storage. */
#define DESTINATION_SIZE_MAX 128

/*
 * Where a program wants to connect to, from the bytes that it gave the kernel.
 * Runs in: urun-bypass.
 */
struct destination {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} address;	/* as the program wrote it */
	socklen_t size; /* of the address */
	int family;	/* whose routes lead there: AF_INET also for an IPv4-mapped address */
	union {
		struct in_addr v4;
		struct in6_addr v6;
	} host;
	in_port_t port; /* network byte order */
};

/*
 * Reads the @size bytes of an address that a socket of the domain @domain is to be connected to.
 * Returns whether the address can be one of the outside.  All others stay with the container's own
 * network: addresses of other families and damaged ones; every name of the loopback and of "this
 * host" (127.0.0.0/8, 0.0.0.0/8, ::1, ::, and these as IPv4-mapped or IPv4-compatible addresses);
 * link-local, multicast and reserved addresses; and the network that urun-slirp serves, with its
 * gateway and its name server.
 */
bool destination_read(const struct network_options *options, int domain, const void *bytes,
		      size_t size, struct destination *ret_destination);

#endif
