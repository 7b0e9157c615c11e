/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_BYPASS_SOCKET_OPTIONS_H
#define URUN_NETNS_BYPASS_SOCKET_OPTIONS_H

#include <stdbool.h>

/*
 * What a program has set on its TCP socket before it connects.
 * Runs in: urun-bypass.
 */

/*
 * Has the socket @fd of this domain a setting that another socket can't take over?  Bound to an address, a port or an
 * interface; a mark; a filter; an owner of signals; the transparent mode; data with the SYN; sources
 * of a route.
 */
bool socket_options_tie(int domain, int fd);

/* The values that a new socket of the host has: of IPv4, and of IPv6. */
#define SOCKET_OPTIONS_MAX 48
#define SOCKET_OPTION_SIZE 16 /* struct timeval; TCP_CA_NAME_MAX */
struct socket_defaults {
	char values[2][SOCKET_OPTIONS_MAX][SOCKET_OPTION_SIZE];
};

/* Reads them from sockets of the calling process's network namespace.  Returns 0 or a negative errno. */
int socket_defaults_read(struct socket_defaults *ret_defaults);

/*
 * Sets on the new socket @to, of the same domain, what @from has beside the defaults.  Returns 0, or a
 * negative errno where a setting can't be made.  O_NONBLOCK is left alone.
 * Source: socket(7), tcp(7), ip(7), ipv6(7).
 */
int socket_options_copy(const struct socket_defaults *defaults, int domain, int from, int to);

#endif
