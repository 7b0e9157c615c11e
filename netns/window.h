/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_WINDOW_H
#define URUN_NETNS_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netns/layout.h"

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
 * How much wider: while libslirp has nothing to write to the host's socket its buffer is empty, and
 * so it takes all of the buffer's size after what it had acknowledged by then.  That edge never
 * moves back, so no byte is asked for that has no room.
 * Runs in: urun-slirp.
 * Source: RFC 7323, section 2.
 */
struct window {
	uint8_t scale;	/* the container's */
	bool is_scaled; /* the container has our offer */
	bool has_base;
	uint32_t room;	       /* of libslirp's buffer */
	uint32_t acknowledged; /* what libslirp has acknowledged last */
	uint32_t base;	       /* the same when its buffer was last seen empty */
};

/* False: the container's SYN offers no scaling, and @ret_window isn't set. */
bool window_begin(const struct layout *layout, const uint8_t *syn, struct window *ret_window);

/*
 * libslirp's answer to the SYN, whose headers are in @head (HEADERS_SIZE_MAX bytes of room): the
 * offer is added, with which @layout grows.
 */
void window_offer(struct window *window, struct layout *layout, uint8_t *head);

/*
 * What libslirp can be told of @width bytes behind @acknowledged, in a segment with the number
 * @sequence.  A window that never changes would never be noted: then libslirp compares what comes
 * with numbers that lie 2 GiB or more behind, takes it for old, and believes in no window any more.
 * So the widest changes with each GiB.
 */
uint16_t window_narrow(uint32_t width, uint32_t acknowledged, uint32_t sequence);

/*
 * A segment of the container's, of a scaled connection: its window is made what libslirp
 * understands.  Returns what it was, in bytes.
 */
uint32_t window_from_container(const struct window *window, const struct layout *layout,
			       uint8_t *frame);

/* A segment of libslirp's, of a scaled connection: its window is made what the container knows. */
void window_to_container(struct window *window, const struct layout *layout, uint8_t *head);

/* libslirp has nothing to write to the host's socket. */
void window_emptied(struct window *window);

#endif
