/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_SLIRP_MEMORY_H
#define URUN_NETNS_SLIRP_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How much memory the container makes urun-slirp use.  libslirp itself limits neither its
 * connections nor the packets that wait for an address to be resolved.
 * Runs in: urun-slirp.
 */

/*
 * Resident bytes.  An idle urun-slirp has 4 MiB.  A connection takes 10 KiB, and up to 300 KiB more
 * while its data is on its way.
 */
#define MEMORY_TIGHT_AT	    (12u << 20)
#define MEMORY_SHORT_AT	    (256u << 20)
#define MEMORY_EXHAUSTED_AT (512u << 20)

enum memory_state {
	MEMORY_PLENTY,
	MEMORY_TIGHT,	  /* connections begin, and are read first, a few at a time */
	MEMORY_SHORT,	  /* nothing new begins */
	MEMORY_EXHAUSTED, /* no frame is taken until memory is free again */
};

struct memory_meter {
	int statm_fd; /* -1: the use isn't known, and isn't limited */
	long page_size;
	unsigned int calls;
	bool is_due;	   /* the next memory_state() measures */
	int64_t looked_ms; /* CLOCK_MONOTONIC */
	enum memory_state state;
	size_t most;	  /* most connections since the heap was last trimmed */
	bool reuses;	  /* the buffers of a connection are on the heap, for the next one */
	bool has_begun;	  /* a connection, since the heap was last trimmed at rest */
	int64_t moved_ms; /* when something was last to do */
};

/* Must be called before the root is left, and before large allocations. */
void memory_open(struct memory_meter *ret_meter);
void memory_close(struct memory_meter *meter);

/* Must be called before a connection begins: @count others are there. */
void memory_begin(struct memory_meter *meter, size_t count);

/*
 * Tells of each turn of the loop: how many connections there are, and whether something was to do.  When
 * most of many have ended, or when nothing was to do for a while after one has begun, their memory on the
 * heap is returned to the kernel.
 */
void memory_turn(struct memory_meter *meter, size_t count, bool moved, int64_t now_ms);

/* The time in ms until memory_turn() has memory to return; -1: it has none. */
int memory_timeout(const struct memory_meter *meter, int64_t now_ms);

/* Called for each frame.  Measures every few calls, and at once if the last measurement is old. */
enum memory_state memory_state(struct memory_meter *meter);

/*
 * Much memory may have been allocated: the next memory_state() measures, unless it has just now, or there are
 * few connections.
 */
void memory_look(struct memory_meter *meter);

#endif
