/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_MEMORY_H
#define URUN_NETNS_MEMORY_H

#include <stdbool.h>

/*
 * How much memory the container has made us use: libslirp has no limit of its own to the connections
 * that it keeps.
 * Runs in: urun-slirp.
 */

/* Resident; an idle urun-slirp has some 4 MiB. */
#define MEMORY_MAX (256u << 20)

struct memory_watch {
	int statm_fd; /* -1: can't be known, and isn't limited then */
	long page_size;
	unsigned int calls;
	bool is_short;
};

/* Before the root is left. */
void memory_open(struct memory_watch *ret_watch);
void memory_close(struct memory_watch *watch);

/* Asked before each thing that costs memory; it looks every few calls. */
bool memory_is_short(struct memory_watch *watch);

#endif
