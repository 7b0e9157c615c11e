/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_PORTS_DATAGRAM_H
#define URUN_NETNS_PORTS_DATAGRAM_H

#include <stdint.h>

#include "netns/ports/source.h"

/*
 * Datagrams of published ports.  Each client of a port gets a UDP socket of its own in the
 * container's network namespace.  A reply that arrives on that socket goes to that client.  A
 * client without a datagram in either direction for two minutes is closed.
 * Runs in: urun-port.
 */
struct datagrams;

/* Keeps @max clients at a time: a new client takes the place of the one that was silent longest. */
struct datagrams *datagrams_new(int epoll, const struct source *source, size_t max);
/* Takes NULL. */
void datagrams_free(struct datagrams *datagrams);

/*
 * Receives the datagrams that wait on the host's socket @host and passes them on to the container's
 * @port.
 */
void datagrams_take(struct datagrams *datagrams, int host, int family, uint16_t port);

/* Closes the clients of the host's socket @host, which is about to be closed. */
void datagrams_forget(struct datagrams *datagrams, int host);

/* The time until a client has to be closed, in ms; -1: there are no clients. */
int datagrams_timeout(const struct datagrams *datagrams);

/*
 * Closes the clients that are due.  Called after all descriptors that were ready have been served.
 */
void datagrams_run(struct datagrams *datagrams);

#endif
