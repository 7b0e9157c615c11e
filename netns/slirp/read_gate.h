/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_SLIRP_READ_GATE_H
#define URUN_NETNS_SLIRP_READ_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Which sockets libslirp may read for the first time.  A connection from which nothing was read costs
 * 10 KiB.  What libslirp then reads goes through a buffer of the connection's own, whose pages stay in
 * use until the connection is closed: 128 KiB or more.  Where a thousand hosts answer at once, that would
 * be a hundred megabytes.  So the first reads are spread: where memory is tight, the next connection is
 * read when another one has ended, and meanwhile the host's kernel keeps what has arrived.
 *
 *   a new socket is readable ──▶ there is a turn ──▶ it is read, now and whenever libslirp likes
 *                            └─▶ there is none: it waits in a queue until another connection ends,
 *                                memory isn't tight any more, or too few end
 * Runs in: urun-slirp.
 */

/* First reads in a round, between two looks at the memory. */
#define READ_GATE_ROUND 32
/*
 * Turns where memory is tight.  Then each end of a connection that was read is a turn more.  Where fewer
 * than READ_GATE_ENDS_MIN end in READ_GATE_PERIOD_MS while sockets wait, the connections are there to stay,
 * and to wait for them saves nothing: then so many turns come at once, and twice as many after each further
 * such period.
 */
#define READ_GATE_TURNS	    32
#define READ_GATE_TURNS_MAX 1024
#define READ_GATE_PERIOD_MS 300
#define READ_GATE_ENDS_MIN  8

struct read_gate_entry;

/* An empty one is all zero.  Times are CLOCK_MONOTONIC, in ms. */
struct read_gate {
	struct read_gate_entry *entries; /* by descriptor */
	size_t entry_count;
	int first, last;	 /* the queue: descriptor + 1; 0: it is empty */
	unsigned int turns;	 /* that are left */
	unsigned int next_turns; /* that come after a period with too few ends */
	unsigned int ends;	 /* in this period */
	int64_t period_ms;	 /* when it began */
	bool is_tight;
	bool has_passed; /* a socket has had its turn since read_gate_begin_round() */
};

void read_gate_release(struct read_gate *gate);

/* A round begins.  Sockets in the queue whose turn has come are taken out of it. */
void read_gate_begin_round(struct read_gate *gate, bool is_tight, int64_t now_ms);

/*
 * The socket @fd of a connection is readable.  False: it isn't to be read in this round; where memory is
 * tight it is in the queue from now on.
 */
bool read_gate_pass(struct read_gate *gate, int fd);

/* Whether the socket @fd is in the queue: then it isn't to be waited for. */
bool read_gate_holds(const struct read_gate *gate, int fd);

/* The socket @fd has its turn, whoever else waits: what it is waited for is more than a read. */
void read_gate_free(struct read_gate *gate, int fd);

/* The socket @fd is about to be closed. */
void read_gate_closed(struct read_gate *gate, int fd);

/* When the next round is to begin at the latest, in ms from now on; -1: no matter. */
int read_gate_timeout(const struct read_gate *gate);

#endif
