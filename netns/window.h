/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_WINDOW_H
#define URUN_NETNS_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netns/layout.h"

/*
 * TCP's window scaling, which libslirp doesn't know, between it and the container.  Without it what
 * the container sends waits for an answer every 64 KiB; libslirp's buffer holds two to three times
 * that, which nobody is told.
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
struct windows;

struct windows *windows_new(void);
void windows_free(struct windows *windows);

/*
 * A frame of the container's, before libslirp gets it: its window is made what libslirp
 * understands.  The start of a connection is remembered until windows_settle().
 */
void windows_from_container(struct windows *windows, const struct layout *layout, uint8_t *frame);

/* The socket @fd was opened: it belongs to the connection that has just begun, if one has. */
void windows_opened(struct windows *windows, int fd);

/* libslirp has dealt with the frame: a start without a socket was none. */
void windows_settle(struct windows *windows);

/* libslirp waits for the socket @fd: is it to write what the container has sent? */
void windows_waits(struct windows *windows, int fd, bool to_write);

/* The socket @fd is about to be closed: nothing of its connection follows. */
void windows_closed(struct windows *windows, int fd);

/*
 * A frame of libslirp's, whose headers are in @head (HEADERS_SIZE_MAX bytes of room): its window is
 * made what the container understands.  Headers that grow change @layout too.
 */
void windows_to_container(struct windows *windows, struct layout *layout, uint8_t *head);

#endif
