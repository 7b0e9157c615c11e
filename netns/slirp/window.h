/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_SLIRP_WINDOW_H
#define URUN_NETNS_SLIRP_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netns/slirp/layout.h"

/*
 * TCP's window scaling, which libslirp doesn't know, between it and the container: of one
 * connection.  Without it what the container sends waits for an answer every 64 KiB; libslirp's
 * buffer holds two to three times that, which nobody is told.
 *
 *   container                                                              libslirp
 *   ──────────────────────────────────────────────────────────────────────────────────────────
 *   SYN, offers scaling ─────────── remembered ──────────────▶ opens a socket
 *                       ◀────────── an offer is added ──────── SYN, ACK
 *   scaled window       ─────────── as it is, 64 KiB at most ▶
 *                       ◀────────── scaled, and wider ──────── window of 64 KiB at most
 *
 * The edge: the first byte that libslirp's buffer may have no room for.  While libslirp has nothing
 * to write to the host's socket its buffer is empty, so the edge is the buffer's size behind what
 * libslirp had acknowledged by then.  From the first time on, the edge alone says what the container
 * may send: libslirp's own windows are wrong as soon as more than they allow has come (it computes
 * the difference without a sign, which stays wrong for 4 GiB).  The edge never moves back.
 *
 * A new edge must be told.  libslirp sends a segment only when its own window has grown by half of
 * the buffer, which 16 bits can't say; and what the container sends while its own window is 0,
 * libslirp acknowledges after 200 ms.  So, when the container may send little and the buffer is
 * empty, we ask libslirp for an acknowledgement that is due, and tell the edge ourselves.  All of
 * this holds too where the container offers no scaling (net.ipv4.tcp_window_scaling=0): then the
 * edge is at most 64 KiB behind what libslirp has acknowledged.
 * Runs in: urun-slirp.
 * Source: RFC 7323, section 2.
 */
struct window {
	bool has_offer; /* the container's SYN offers scaling */
	bool is_open;	/* libslirp has answered the SYN */
	uint8_t scale;	/* of the container's windows; 0: they aren't scaled */
	uint8_t shift;	/* of those that it is told; 0: they aren't scaled */
	bool has_edge;
	bool has_asked;
	uint32_t room;	       /* size of libslirp's buffer, in bytes, or what a window can say */
	uint32_t acknowledged; /* by libslirp: what is before this sequence number */
	uint32_t edge;
	uint32_t told;	/* the edge that the container knows */
	uint32_t sent;	/* by the container: what is before this, at most @told */
	uint32_t asked; /* @sent when libslirp was last asked for an acknowledgement */
};

/* The container's SYN. */
void window_begin(const struct layout *layout, const uint8_t *syn, struct window *ret_window);

/*
 * libslirp's answer to the SYN, whose headers are in @head (HEADERS_SIZE_MAX bytes of room): where
 * the container has offered scaling, our offer is added, with which @layout grows.
 */
void window_offer(struct window *window, struct layout *layout, uint8_t *head);

/*
 * What libslirp is told of a window of @width bytes.  The widest must be all that 16 bits say: then
 * libslirp sends two segments of its largest size, 32768 bytes, the second one short of a byte.  With
 * any less it would wait with the second until the first is acknowledged, which the container puts
 * off for 40 ms.
 */
uint16_t window_narrow(uint32_t width);

/*
 * A segment of the container's: its window is made what libslirp understands.  Returns what it was,
 * in bytes.
 */
uint32_t window_from_container(struct window *window, const struct layout *layout, uint8_t *frame);

/*
 * A segment of libslirp's: its window is made what the container understands.  Once there is an edge,
 * this tells the edge.
 */
void window_to_container(struct window *window, const struct layout *layout, uint8_t *head);

/* libslirp has nothing to write to the host's socket: the edge moves. */
void window_emptied(struct window *window);

/* Whether libslirp had nothing to write any more after the last byte that it has acknowledged. */
bool window_is_written(const struct window *window);

/* The container may send so little that it could soon wait for us. */
bool window_is_low(const struct window *window);

/*
 * True: the container has sent something that libslirp hasn't acknowledged, and libslirp wasn't asked
 * for that yet.  The caller asks it now.
 */
bool window_ask(struct window *window);

/* True: there is an edge, which the container doesn't know. */
bool window_is_untold(const struct window *window);

#endif
