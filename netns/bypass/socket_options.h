/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_BYPASS_SOCKET_OPTIONS_H
#define URUN_NETNS_BYPASS_SOCKET_OPTIONS_H

#include <stdbool.h>

/*
 * What a program has set on its TCP socket before it connects.
 * Runs in: urun-bypass.
 */

/*
 * Has the socket @fd a setting that another socket can't take over?  Bound to an address, a port or an
 * interface; a mark; a filter; an owner of signals; the transparent mode; data with the SYN; sources
 * of a route.
 */
bool socket_options_tie(int fd);

/*
 * Sets on the socket @to, of the same domain, what is different on @from.  Returns 0, or a negative
 * errno where a setting can't be made.  O_NONBLOCK is left alone.
 * Source: socket(7), tcp(7), ip(7), ipv6(7).
 */
int socket_options_copy(int domain, int from, int to);

#endif
