/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_SLIRP_FLIGHT_H
#define URUN_NETNS_SLIRP_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netns/slirp/layout.h"
#include "netns/slirp/segment.h"

/*
 * TCP's data in flight from libslirp to the container: what was sent and isn't acknowledged yet.
 * libslirp keeps at most 64 KiB of it for a connection, since it knows the container's window as 16
 * bits only: then it waits until the container's kernel has had its turn.  So data that is sent in
 * bulk is acknowledged to libslirp at once, in the container's name, and a copy is kept here until
 * the container acknowledges it.  Retransmissions are made from that copy.
 *
 *   container                                                              libslirp
 *   ──────────────────────────────────────────────────────────────────────────────────────────
 *                       ◀────────── data; a copy is kept ───── data
 *                                   ACK of the copy ─────────▶ sends on
 *   ACK                 ─────────── frees that part of the copy;
 *                                   ACK, if it says more ────▶
 *   (no ACK in time)    ◀────────── data of the copy
 *
 * Only data within the container's window is acknowledged.  So its kernel accepts what arrives, as
 * a rule, whether or not a program reads it, and a copy lives no longer than one round trip.  The
 * end of a connection (FIN) is never acknowledged in the container's name: libslirp keeps the
 * connection, and with it the copy, until all data before the end has arrived.
 * Runs in: urun-slirp.
 * Source: RFC 9293, RFC 5681, RFC 6582; RFC 3135, section 3.1.1, which describes such proxies.
 */
struct flight_copy;

/*
 * The copies.  Three connections with 64 KiB in flight each are as fast as the machine: if more
 * connections than copies want one, no connection gets one for a while, so that all are treated
 * alike.
 */
#define FLIGHT_COPIES_MAX 2
struct flight_copies {
	struct flight_copy *copies[FLIGHT_COPIES_MAX]; /* NULL: not allocated yet */
	unsigned int crowded;			       /* number of further requests to refuse */
};

/*
 * The bytes in flight of one connection.  It must not move in memory while it has a copy.  All
 * numbers are TCP sequence numbers.
 */
struct flight {
	bool has_no_copies;    /* libslirp itself keeps all that is in flight, for ever */
	bool is_heard;	       /* the container has acknowledged something */
	uint32_t acknowledged; /* the container has acknowledged all before this number */
	uint32_t edge;	       /* the end of the container's window */
	uint32_t sent;	       /* libslirp has sent all before this number */
	uint32_t received;     /* libslirp has acknowledged all before this number */
	uint16_t window;       /* libslirp's window */
	uint32_t noted_number; /* of the last segment whose window libslirp has noted, we think */
	uint32_t noted_ack;    /* the acknowledgement in that segment */
	struct flight_copy *copy; /* NULL: libslirp itself keeps what is in flight now */
};

/* Frees the copies.  No flight may be used afterwards. */
void flight_copies_release(struct flight_copies *copies);

/* Begins with libslirp's answer to the container's SYN. */
void flight_begin(struct flight *flight, const struct layout *layout, const uint8_t *head);

/* The connection has ended. */
void flight_end(struct flight *flight);

/*
 * Records a segment from libslirp, before anything of it is changed.  Its headers are in @head, its
 * data at @data.
 */
void flight_to_container(struct flight_copies *copies, struct flight *flight,
			 const struct layout *layout, const uint8_t *head, const uint8_t *data);

/*
 * Changes a segment from the container, whose window of @width bytes becomes one that libslirp
 * understands.  Returns false if the segment tells libslirp nothing new and must not be passed on.
 */
bool flight_from_container(struct flight *flight, const struct layout *layout, uint8_t *frame,
			   uint32_t width);

/*
 * Changes a segment from the container that is about to be passed on, so that libslirp notes its
 * window, if libslirp hasn't noted one for long.
 */
void flight_note(struct flight *flight, const struct layout *layout, uint8_t *frame);

/*
 * The fields of a segment to libslirp in the container's name, with the sequence number @sequence:
 * the acknowledgement and window that the container sent last.  Returns false if the container
 * hasn't acknowledged anything yet.
 */
bool flight_last_word(const struct flight *flight, uint32_t sequence,
		      struct segment_fields *ret_fields);

/*
 * The sequence number for a segment without data to the container, in libslirp's name.  A number
 * behind the container's window, such as that of libslirp's window probes, would make the container
 * drop the segment.
 */
uint32_t flight_next_number(const struct flight *flight);

/*
 * Writes to @frame (HEADERS_SIZE_MAX bytes) the next acknowledgement to libslirp of data that is
 * kept here.  Returns its size; 0: there is none.
 */
size_t flight_answer(struct flight_copies *copies, uint8_t *frame);

/*
 * Writes to @frame (FRAME_SIZE_MAX bytes) the next retransmission to the container, in libslirp's
 * name.  Returns its size; 0: there is none.  @now_ms: CLOCK_MONOTONIC.
 */
size_t flight_resend(struct flight_copies *copies, int64_t now_ms, uint8_t *frame);

/*
 * The time in ms until flight_resend() has something to do; -1: never, as nothing is kept.  Must be
 * called before each wait: it starts the timer for what was sent since the last call.
 */
int flight_timeout(struct flight_copies *copies, int64_t now_ms);

#endif
