/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_SLIRP_MEMORY_H
#define URUN_NETNS_SLIRP_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How much memory the container has made us use: libslirp has no limit of its own to the connections
 * that it keeps, nor to the answers that wait for an address to be resolved.
 * Runs in: urun-slirp.
 */

/*
 * Resident.  An idle urun-slirp has 4 MiB, and a connection takes 10 KiB, with what is on its way up to
 * 300 KiB more.
 */
#define MEMORY_TIGHT_AT	    (12u << 20)
#define MEMORY_SHORT_AT	    (256u << 20)
#define MEMORY_EXHAUSTED_AT (512u << 20)

enum memory_state {
	MEMORY_PLENTY,
	MEMORY_TIGHT,	  /* connections begin, and are read first, a few at a time */
	MEMORY_SHORT,	  /* nothing new is begun */
	MEMORY_EXHAUSTED, /* nothing at all is taken until some is free */
};

struct memory_watch {
	int statm_fd; /* -1: can't be known, and isn't limited then */
	long page_size;
	unsigned int calls;
	bool is_due;	   /* the next call looks */
	int64_t looked_ms; /* CLOCK_MONOTONIC */
	enum memory_state state;
	size_t most; /* connections since the heap was last trimmed */
};

/*
 * Before the root is left, and before anything large is allocated: what is freed is the kernel's
 * again at once from then on.
 */
void memory_open(struct memory_watch *ret_watch);
void memory_close(struct memory_watch *watch);

/*
 * There are @count connections.  After most of many have ended, the kernel gets back what they had on
 * the heap.
 */
void memory_count(struct memory_watch *watch, size_t count);

/* Asked before each frame; it looks every few calls, and at once after a while without. */
enum memory_state memory_state(struct memory_watch *watch);

/* Much may have been allocated: the next memory_state() looks, if it hasn't just now. */
void memory_look(struct memory_watch *watch);

#endif
