/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_PORTS_RELAY_H
#define URUN_NETNS_PORTS_RELAY_H

#include <stdbool.h>
#include <stddef.h>

#include "netns/ports/source.h"

/*
 * TCP connections of published ports: each joins the client's socket, of the host, to a socket in
 * the container.  The bytes go through a pipe by splice(2), never through our memory; a connection
 * has a pipe only while bytes are in it.  The end of a side's stream is passed on as an end, and a
 * reset as a reset, after all that was sent before it.
 * Runs in: urun-port.
 */
struct relays;

/* Serves up to @max connections at a time; see relays_are_full(). */
struct relays *relays_new(int epoll, const struct source *source, size_t max);

/*
 * Passes on what the clients take without waiting.  Then closes all connections: a client that was
 * told the end of its stream is closed in order, every other one is reset.  Takes NULL.
 */
void relays_free(struct relays *relays);

/*
 * Takes over @client, an accepted, non-blocking connection from @address, and connects it to the
 * container's @port.  If the container refuses the connection, the client is reset.
 */
void relays_add(struct relays *relays, int client, const union publish_address *address,
		uint16_t port);

/*
 * Returns whether no further connection may be added until one has ended.  Meanwhile clients wait
 * in their sockets' queues.
 */
bool relays_are_full(const struct relays *relays);

/*
 * How long a wait may take, in ms; -1: for ever.  A connection may have more to do although no
 * descriptor is ready, wait for a pipe, or be about to be reset.
 */
int relays_timeout(const struct relays *relays);

/*
 * Goes on with the connections that had more to do than one turn, and frees those that have ended.
 * Called after all descriptors that were ready have been served.  Returns whether a connection has
 * ended, so that descriptors are free again.
 */
bool relays_run(struct relays *relays);

#endif
