/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_PORTS_DATAGRAM_H
#define URUN_NETNS_PORTS_DATAGRAM_H

#include <stdint.h>

#include "netns/ports/source.h"

/*
 * Datagrams of published ports.  Each client of a port has a socket of its own in the container, by
 * which the answers find back; one that nothing went through for a while is closed.
 * Runs in: urun-port.
 */
struct datagrams;

/* Keeps @max clients at a time: a new one takes the place of the one that was silent longest. */
struct datagrams *datagrams_new(int epoll, const struct source *source, size_t max);
/* Takes NULL. */
void datagrams_free(struct datagrams *datagrams);

/* Takes what has come to @host, a socket of the host's, and passes it on to the container's @port. */
void datagrams_take(struct datagrams *datagrams, int host, int family, uint16_t port);

/* @host is about to be closed: so are its clients. */
void datagrams_forget(struct datagrams *datagrams, int host);

/* How long a wait may take until there is something to close, in ms; -1: there are no clients. */
int datagrams_timeout(const struct datagrams *datagrams);

/* After what was ready has been seen: closes those that are due. */
void datagrams_run(struct datagrams *datagrams);

#endif
