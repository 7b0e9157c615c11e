/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_SLIRP_WINDOW_H
#define URUN_NETNS_SLIRP_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netns/slirp/layout.h"

/*
 * TCP's window scaling between libslirp, which doesn't have it, and the container, for one
 * connection. Without it the container waits for an acknowledgement after every 64 KiB that it
 * sends, although libslirp's buffer holds two to three times as much.
 *
 *   container                                                              libslirp
 *   ──────────────────────────────────────────────────────────────────────────────────────────
 *   SYN, offers scaling ─────────── remembered ──────────────▶ opens a socket
 *                       ◀────────── an offer is added ──────── SYN, ACK
 *   scaled window       ─────────── as it is, 64 KiB at most ▶
 *                       ◀────────── scaled, and wider ──────── window of 64 KiB at most
 *
 * The edge is the first byte for which libslirp's buffer may have no room.  While libslirp has
 * nothing to write to the host's socket, its buffer is empty: then the edge is the size of the
 * buffer behind what libslirp had acknowledged by then.  From the first edge on, the edge alone
 * decides what the container may send.  libslirp's own windows are wrong as soon as the container
 * has sent more than they allow: libslirp computes the difference without a sign, which stays wrong
 * for 4 GiB.  The edge never moves back.
 *
 * The container must learn of a new edge.  libslirp sends a segment only when its own window has
 * grown by half of the buffer, which 16 bits can't say; and what the container sends while
 * libslirp's own window is 0, libslirp acknowledges after 200 ms.  So when the container may send
 * little, and the buffer is empty, we ask libslirp for an acknowledgement that is due, and send the
 * edge ourselves. All of this is true also if the container offers no scaling
 * (net.ipv4.tcp_window_scaling=0): then the edge is at most 64 KiB behind what libslirp has
 * acknowledged.
 * Runs in: urun-slirp.
 * Source: RFC 7323, section 2.
 */
struct window {
	bool has_offer; /* the container's SYN offers scaling */
	bool is_open;	/* libslirp has answered the SYN */
	uint8_t scale;	/* of the windows that the container sends; 0: not scaled */
	uint8_t shift;	/* of the windows that the container is sent; 0: not scaled */
	bool has_edge;
	bool has_asked;
	uint32_t room; /* bytes of libslirp's buffer, or the largest window if that is less */
	uint32_t acknowledged; /* libslirp has acknowledged all before this sequence number */
	uint32_t edge;
	uint32_t told;	/* the edge that the container knows */
	uint32_t sent;	/* the container has sent all before this, at most @told */
	uint32_t asked; /* @sent when libslirp was last asked for an acknowledgement */
};

/* Begins with the container's SYN. */
void window_begin(const struct layout *layout, const uint8_t *syn, struct window *ret_window);

/*
 * libslirp's answer to the SYN, whose headers are in @head (room for HEADERS_SIZE_MAX bytes).  If
 * the container has offered scaling, adds our offer, by which @layout grows.
 */
void window_offer(struct window *window, struct layout *layout, uint8_t *head);

/*
 * The window that libslirp is told for a window of @width bytes.  The widest must be all that 16
 * bits can say: then libslirp sends two segments of its largest size, 32768 bytes, the second one
 * short by a byte.  With any less it would hold the second back until the first is acknowledged,
 * which the container delays by 40 ms.
 */
uint16_t window_narrow(uint32_t width);

/*
 * Changes a segment from the container: its window becomes one that libslirp understands.  Returns
 * what the window was, in bytes.
 */
uint32_t window_from_container(struct window *window, const struct layout *layout, uint8_t *frame);

/*
 * Changes a segment from libslirp: its window becomes one that the container understands.  Once
 * there is an edge, the window tells the edge.
 */
void window_to_container(struct window *window, const struct layout *layout, uint8_t *head);

/* libslirp has nothing to write to the host's socket: moves the edge. */
void window_emptied(struct window *window);

/* Returns whether all that libslirp has acknowledged was written to the host's socket. */
bool window_is_written(const struct window *window);

/* Returns whether the container may send so little that it could soon wait for us. */
bool window_is_low(const struct window *window);

/*
 * Returns whether the container has sent bytes that libslirp hasn't acknowledged, and hasn't been
 * asked to acknowledge.  The caller asks libslirp now.
 */
bool window_ask(struct window *window);

/* Returns whether there is an edge that the container doesn't know. */
bool window_is_untold(const struct window *window);

#endif
