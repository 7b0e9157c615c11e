/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_SLIRP_FLIGHT_H
#define URUN_NETNS_SLIRP_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netns/slirp/layout.h"
#include "netns/slirp/segment.h"

/*
 * TCP's data in flight, from libslirp to the container: what was sent and isn't acknowledged yet.
 * libslirp has no more than 64 KiB of it on a connection, as its idea of the container's window
 * has 16 bits: then it waits until the container's kernel has had its turn.  So what is sent in
 * bulk is acknowledged to libslirp at once, on the container's behalf, and a copy of it is kept
 * here until the container acknowledges it; what is lost is sent again from that copy.
 *
 *   container                                                              libslirp
 *   ──────────────────────────────────────────────────────────────────────────────────────────
 *                       ◀────────── data, a copy is kept ───── data
 *                                   ACK of the copy ─────────▶ sends on
 *   ACK                 ─────────── that of the copy is freed;
 *                                   ACK, if it says anything ▶
 *   (no ACK in time)    ◀────────── data of the copy
 *
 * Nothing is acknowledged that the container hasn't offered room for, so its kernel takes what
 * arrives, as a rule, whether or not anybody reads it, and a copy lives no longer than the way there
 * and back takes.  The end of a connection (FIN) is never acknowledged for the container: libslirp keeps
 * the connection, and with it the copy, until all before the end has arrived.
 * Runs in: urun-slirp.
 * Source: RFC 9293, RFC 5681, RFC 6582; RFC 3135, section 3.1.1, of what such a thing is called.
 */
struct flight_copy;

/*
 * The copies.  Three connections with 64 KiB in flight each are as fast as this machine is: with
 * more of them than copies nobody has one for a while, so that all have the same.
 */
#define FLIGHT_COPIES_MAX 2
struct flight_copies {
	struct flight_copy *copies[FLIGHT_COPIES_MAX]; /* NULL: not needed so far */
	unsigned int crowded;			       /* so many are still refused */
};

/*
 * The bytes in flight of one connection.  Its address doesn't change while there is a copy.  Numbers are
 * TCP's sequence numbers.
 */
struct flight {
	bool has_no_copies;    /* libslirp itself always keeps what is in flight */
	bool is_heard;	       /* the container has acknowledged something */
	uint32_t acknowledged; /* what is before this, by the container */
	uint32_t edge;	       /* of the container's window */
	uint32_t sent;	       /* what is before this */
	uint32_t received;     /* by libslirp: what is before this */
	uint16_t window;       /* libslirp's */
	uint32_t
		noted_number; /* of the segment whose window libslirp has noted, as far as we know */
	uint32_t noted_ack;   /* what that acknowledged */
	struct flight_copy *copy; /* NULL: libslirp itself keeps what is in flight now */
};

/* Frees the copies; no flight is used afterwards. */
void flight_copies_release(struct flight_copies *copies);

/* libslirp's answer to the container's SYN. */
void flight_begin(struct flight *flight, const struct layout *layout, const uint8_t *head);

/* The connection has ended. */
void flight_end(struct flight *flight);

/*
 * A segment of libslirp's, before anything of it is changed: its headers in @head, what it carries
 * at @data.
 */
void flight_to_container(struct flight_copies *copies, struct flight *flight,
			 const struct layout *layout, const uint8_t *head, const uint8_t *data);

/*
 * A segment of the container's, whose window of @width bytes is made what libslirp understands.
 * False: it tells libslirp nothing new, and is not to be passed on.
 */
bool flight_from_container(struct flight *flight, const struct layout *layout, uint8_t *frame,
			   uint32_t width);

/*
 * The container's segment is about to be passed on: libslirp is made to note its window, if it hasn't
 * noted one for long.
 */
void flight_note(struct flight *flight, const struct layout *layout, uint8_t *frame);

/*
 * What the container has said last to libslirp, for a segment of the container's with the sequence
 * number @sequence.  False: the container hasn't said anything.
 */
bool flight_last_word(const struct flight *flight, uint32_t sequence,
		      struct segment_fields *ret_fields);

/*
 * The sequence number of a segment without data from libslirp to the container.  The container drops
 * such a segment if its number lies behind the container's window, where libslirp's probes are.
 */
uint32_t flight_next_number(const struct flight *flight);

/*
 * Writes to @frame (HEADERS_SIZE_MAX bytes) the next segment with which libslirp is told of what is
 * kept, and returns its size; 0: there is none.
 */
size_t flight_answer(struct flight_copies *copies, uint8_t *frame);

/*
 * Writes to @frame (FRAME_SIZE_MAX bytes) the next segment that the container is to get again, as
 * libslirp would send it, and returns its size; 0: there is none.  @now_ms: CLOCK_MONOTONIC.
 */
size_t flight_resend(struct flight_copies *copies, int64_t now_ms, uint8_t *frame);

/*
 * When flight_resend() has something to do, in ms from now on; -1: never, as nothing is kept.  To be
 * called before each wait: what was sent since the last call is waited for from now on.
 */
int flight_timeout(struct flight_copies *copies, int64_t now_ms);

#endif
