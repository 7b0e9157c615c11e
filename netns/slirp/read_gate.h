/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_SLIRP_READ_GATE_H
#define URUN_NETNS_SLIRP_READ_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The gate that decides which sockets libslirp may read for the first time.
 *
 * A connection from which nothing was read costs 10 KiB.  What libslirp reads goes through a buffer
 * for that connection, whose pages stay in use until the connection is closed: 128 KiB or more.  If
 * a thousand hosts answer at once, that is more than a hundred megabytes.  So the first reads are
 * spread over time: where memory is tight, the next connection is read when another one has ended.
 * Meanwhile its bytes stay in the host's kernel, and its zero window stops the sender.
 *
 *   a new socket is readable ──▶ there is a turn ──▶ libslirp reads it, now and whenever it likes
 *                            └─▶ there is none ───▶ it waits in a queue until another connection
 *                                                   ends, memory isn't tight any more, or too few
 *                                                   connections end
 *
 * A hostile container can keep its connections open for ever, but then too few end: each period
 * READ_GATE_PERIOD_MS gives twice as many turns as the one before.  The gate delays, and never
 * starves; what bounds memory is netns/slirp/memory.h.  Nothing here blocks or is a system call.
 * Runs in: urun-slirp.
 */

/* First reads in a round, between two measurements of the memory. */
#define READ_GATE_ROUND 32
/*
 * The turns where memory is tight.  Each end of a connection that was read gives one more turn.  If
 * fewer than READ_GATE_ENDS_MIN connections end in READ_GATE_PERIOD_MS while sockets wait, the
 * connections are there to stay, and waiting for them saves nothing: then READ_GATE_TURNS come at
 * once, and twice as many after each further such period.
 */
#define READ_GATE_TURNS	    32
#define READ_GATE_TURNS_MAX 1024
#define READ_GATE_PERIOD_MS 300
#define READ_GATE_ENDS_MIN  8

struct read_gate_entry;

/* An empty gate is all zero.  Times are CLOCK_MONOTONIC, in ms. */
struct read_gate {
	struct read_gate_entry *entries; /* by descriptor */
	size_t entry_count;
	int first, last;	 /* the queue: descriptor + 1; 0: it is empty */
	unsigned int turns;	 /* turns that are left */
	unsigned int next_turns; /* turns that the next period gives, if too few connections end */
	unsigned int ends;	 /* connections that have ended in this period */
	int64_t period_ms;	 /* when this period began */
	bool is_tight;
	bool has_passed; /* a socket has had its turn since read_gate_begin_round() */
};

void read_gate_release(struct read_gate *gate);

/* Begins a round.  Takes sockets out of the queue whose turn has come. */
void read_gate_begin_round(struct read_gate *gate, bool is_tight, int64_t now_ms);

/*
 * The socket @fd of a connection is readable.  Returns whether it may be read in this round; if
 * not, and memory is tight, it waits in the queue from now on.
 */
bool read_gate_pass(struct read_gate *gate, int fd);

/* Returns whether the socket @fd is in the queue, so that it must not be waited for. */
bool read_gate_holds(const struct read_gate *gate, int fd);

/* Gives the socket @fd its turn at once: libslirp waits for it not only to read. */
void read_gate_free(struct read_gate *gate, int fd);

/* The socket @fd is about to be closed. */
void read_gate_closed(struct read_gate *gate, int fd);

/* The time in ms until the next round must begin; -1: any time. */
int read_gate_timeout(const struct read_gate *gate);

#endif
