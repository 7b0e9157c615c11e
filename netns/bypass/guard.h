/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_BYPASS_GUARD_H
#define URUN_NETNS_BYPASS_GUARD_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"

/*
 * TCP sockets that can never listen, whoever has them.  guard.c says how.
 * Runs in: urun-bypass.
 */
struct guards {
	int *fds; /* one for each socket that was made and may still be there */
	size_t count;
	size_t sweep_at; /* the count at which guards that are of no more use are searched for */
};

/* The most sockets at a time.  This bounds the host's ports that a container can occupy. */
#define GUARDS_MAX 4096

/* An address of the host, of either family. */
union guard_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/*
 * Makes a socket, non-blocking and close-on-exec, that is bound for ever to the address @source, which is
 * a certain one of the host, and to a port that the kernel has chosen.  A socket of IPv6 has IPV6_V6ONLY,
 * unless @source is IPv4-mapped.  Returns a descriptor or a negative errno; -EMFILE where there are
 * GUARDS_MAX.
 */
int guards_make_socket(struct guards *guards, const union guard_address *source);

/* Closes the guards of sockets that are gone. */
void guards_sweep(struct guards *guards);

/* Closes all guards: from here on the sockets can listen. */
void guards_release(struct guards *guards);

/* Fails where this kernel lets a guarded socket listen.  A host without IPv6 passes. */
int guards_check_kernel(struct error *err);

#endif
