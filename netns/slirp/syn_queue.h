/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_SLIRP_SYN_QUEUE_H
#define URUN_NETNS_SLIRP_SYN_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netns/slirp/layout.h"

/*
 * The SYNs that libslirp hasn't been given yet, in the order of their arrival.  A connection that
 * begins costs libslirp about 70 KB until the host answers, and each round of libslirp visits all
 * connections.  So a thousand connections that begin at once are done sooner, and with less memory,
 * if libslirp gets them one after the other.  A SYN that waits here isn't lost: the container would
 * send a lost one again after 1, 3 and 7 seconds.
 * Runs in: urun-slirp.
 */
struct syn {
	struct layout layout;
	size_t size;
	uint8_t frame[HEADERS_SIZE_MAX];
};

/* If this many wait, further ones are lost, as in any queue of a link. */
#define SYN_QUEUE_MAX 4096

struct syn_queue {
	struct syn *syns; /* a ring */
	size_t room;	  /* 0, or a power of two */
	size_t first, count;
};

/* An empty queue is all zero, and allocates nothing. */
void syn_queue_release(struct syn_queue *queue);

/* Returns whether the frame is a SYN without data, which can wait. */
bool syn_can_wait(const struct layout *layout, const uint8_t *frame);

/*
 * Adds a copy of the frame, for which syn_can_wait() is true.  It replaces a SYN between the same
 * two ends that waits already.  Returns false if the queue is full.
 */
bool syn_queue_add(struct syn_queue *queue, const struct layout *layout, const uint8_t *frame);

/* Takes the oldest SYN out.  Returns false, without setting @ret_syn, if the queue is empty. */
bool syn_queue_take(struct syn_queue *queue, struct syn *ret_syn);

#endif
