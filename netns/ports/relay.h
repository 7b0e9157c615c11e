/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_PORTS_RELAY_H
#define URUN_NETNS_PORTS_RELAY_H

#include <stdbool.h>
#include <stddef.h>

#include "netns/ports/source.h"

/*
 * TCP connections of published ports: between the client's socket, of the host, and one of the
 * container's.  The bytes go through a pipe by splice(2), never through our memory; a connection
 * has a pipe only while bytes are in it.  An end of one side is an end to the other, and a reset a
 * reset, which follows on what was sent before it.
 * Runs in: urun-port.
 */
struct relays;

/* @max connections at a time; see relays_are_full(). */
struct relays *relays_new(int epoll, const struct source *source, size_t max);

/*
 * Passes on what the clients take at once, and resets all connections but those whose client was told
 * their end.  Takes NULL.
 */
void relays_free(struct relays *relays);

/*
 * Takes over @client, a connection that was accepted (non-blocking), for the container's @port.
 * Where the container doesn't take it, it is reset.
 */
void relays_add(struct relays *relays, int client, const union publish_address *address,
		uint16_t port);

/* No more are to be added until one has ended: clients wait in their sockets' queues. */
bool relays_are_full(const struct relays *relays);

/*
 * How long a wait may take, in ms: connections may have more to do though nothing is ready, wait for
 * a descriptor, or be about to be reset.  -1: for ever.
 */
int relays_timeout(const struct relays *relays);

/*
 * After what was ready has been seen: goes on with the busy ones, and frees those that have ended.
 * Returns whether any has: descriptors are free again.
 */
bool relays_run(struct relays *relays);

#endif
