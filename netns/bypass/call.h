/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_BYPASS_CALL_H
#define URUN_NETNS_BYPASS_CALL_H

#include <stdint.h>

#include "core/base/error.h"
#include "netns/bypass/caller.h"
#include "netns/bypass/host_socket.h"

/*
 * What is needed to answer the calls of a container's processes.
 * Runs in: urun-bypass.
 */
struct caller_world {
	struct caller caller;
	int host_routes;  /* netlink sockets: of the host's network namespace */
	int routes;	  /* of the container's; -1: not received yet */
	uint64_t host_ns; /* the cookies of these namespaces (SO_NETNS_COOKIE) */
	uint64_t ns;
	struct host_sockets host;
	void *room;    /* call_room_new() */
	int unused[2]; /* sockets to close after the answer */
	int unused_count;
};

/* The network namespace of the socket @fd, as a number for the kernel's life.  Linux 5.14. */
int call_read_namespace(int fd, uint64_t *ret_cookie);

/* Memory for calls and answers, in the sizes of this kernel.  Fails where the kernel has no listeners. */
void *call_room_new(struct error *err);

/*
 * Lets the kernel run the caller and us by turns on one processor, which halves the time of an answer.
 * Linux 6.6; older ones go on without.
 */
void call_prepare_listener(int listener);

/*
 * Receives one call from @listener and answers it.  Returns 0, or a negative errno where the listener
 * is of no more use.
 */
int call_serve(struct caller_world *world, int listener);

#endif
