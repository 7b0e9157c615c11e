/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_BYPASS_GUARD_H
#define URUN_NETNS_BYPASS_GUARD_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

/*
 * TCP sockets that can never listen, whoever has them.  guard.c says how.
 * Runs in: urun-bypass.
 */

/* An address of the host, of either family. */
union guard_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct guards {
	int *fds; /* one for each socket that was made and may still be there */
	size_t count;
	size_t next; /* the one that is looked at next */
	/* A socket with its guard that was made ahead, for the source of the last one. */
	bool has_spare;
	int spare, spare_guard;
	union guard_address spare_source;
	int64_t rest_until_ms; /* by clock_ms(): free ports are rare; 0: they aren't */
};

/* The most sockets at a time.  This bounds the host's ports that a container can occupy. */
#define GUARDS_MAX 4096

/*
 * Makes a socket, non-blocking and close-on-exec, that is bound for ever to the address @source, which is
 * a certain one of the host, and to a port that the kernel has chosen.  A socket of IPv6 has IPV6_V6ONLY,
 * unless @source is IPv4-mapped.  Returns a descriptor or a negative errno; -EMFILE where
 * guards_have_room() is false.
 */
int guards_make_socket(struct guards *guards, const union guard_address *source);

/* Can a socket be made?  Not where there are GUARDS_MAX, or where free ports are rare. */
bool guards_have_room(struct guards *guards);

/* For the time in which no program waits: closes some guards of sockets that are gone, and makes the next socket. */
void guards_prepare(struct guards *guards);

/* Closes all guards of sockets that are gone. */
void guards_sweep(struct guards *guards);

/* Closes all guards: from here on the sockets can listen. */
void guards_release(struct guards *guards);

/* Fails where this kernel lets a guarded socket listen.  A host without IPv6 passes. */
int guards_check_kernel(struct error *err);

#endif
