/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_SLIRP_CONNECTION_H
#define URUN_NETNS_SLIRP_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netns/slirp/layout.h"

/*
 * The TCP connections that the container has opened.  Each is known by the frames that pass, and by
 * libslirp's socket for it.  What libslirp's TCP lacks is added to the frames between the two:
 * window scaling (netns/slirp/window.h), more than 64 KiB in flight (netns/slirp/flight.h), and
 * resets that stay resets (netns/ending.h).
 * Runs in: urun-slirp.
 */
struct connections;

struct connections *connections_new(void);
void connections_free(struct connections *connections);

/*
 * Changes a frame from the container before libslirp gets it: its window becomes one that libslirp
 * understands.  A SYN begins a connection, which is kept until connections_settle().  Returns false
 * if the frame must not be passed to libslirp, which knows already what the frame says.
 */
bool connections_from_container(struct connections *connections, const struct layout *layout,
				uint8_t *frame);

/*
 * libslirp has opened the socket @fd.  It belongs to the connection that has just begun, if there
 * is one.
 */
void connections_opened(struct connections *connections, int fd);

/* libslirp has handled the frame: a connection that began, and got no socket, is forgotten. */
void connections_settle(struct connections *connections);

/* Begins a round, in which libslirp tells for each socket what it waits for. */
void connections_begin_round(struct connections *connections);

/*
 * libslirp waits for the socket @fd; @to_write: to write what the container has sent.  A socket
 * that libslirp doesn't wait for in a round has nothing to be written either.
 */
void connections_waits(struct connections *connections, int fd, bool to_write);

/* Returns whether @fd is the socket of a connection that the remote host has accepted. */
bool connections_is_open(const struct connections *connections, int fd);

/* Returns whether the connection of the socket @fd was reset, by the container or by libslirp. */
bool connections_is_reset(const struct connections *connections, int fd);

/*
 * Returns whether all that the container has sent, with the ends of its streams, was written to the
 * sockets.
 */
bool connections_are_finished(const struct connections *connections);

/*
 * Called before the program ends, which closes all sockets.  Makes that a reset for connections
 * that aren't finished: a stream without its end must not look complete.
 */
void connections_reset_unfinished(const struct connections *connections);

/* Returns whether there is a connection between the two ends of the container's frame. */
bool connections_has(const struct connections *connections, const struct layout *layout,
		     const uint8_t *frame);

/*
 * Returns the number of young connections, which began less than CONNECTION_YOUNG_MS ago and
 * haven't ended.  *ret_wait_ms is the time until there are fewer of them, if none ends earlier; -1:
 * there is none.  @now_ms: CLOCK_MONOTONIC.
 */
#define CONNECTION_YOUNG_MS 50
size_t connections_young(struct connections *connections, int64_t now_ms, int *ret_wait_ms);

/* Returns the number of connections. */
size_t connections_count(const struct connections *connections);

/*
 * Returns the number of connections that wait for the host's first byte: their cost isn't known
 * yet.
 */
size_t connections_unserved(const struct connections *connections);

/* The socket @fd is about to be closed, which ends its connection. */
void connections_closed(struct connections *connections, int fd);

/*
 * Changes a frame from libslirp, whose headers are in @head (room for HEADERS_SIZE_MAX bytes): its
 * window becomes one that the container understands.  If the headers grow, @layout is changed too.
 * @data is what follows the headers, up to the layout's end; it may be copied.
 */
void connections_to_container(struct connections *connections, struct layout *layout, uint8_t *head,
			      const uint8_t *data);

/*
 * Called after a round until it returns 0.  Writes to @frame (HEADERS_SIZE_MAX bytes) the next
 * frame for libslirp, in the container's name, which makes libslirp acknowledge what the container
 * waits for.  Returns the frame's size; 0: there is none.  Afterwards libslirp may wait for
 * something else, so another round is due.
 */
size_t connections_ask(struct connections *connections, uint8_t *frame);

/*
 * Called after connections_ask(), before the wait, until it returns 0.  Writes to @frame
 * (HEADERS_SIZE_MAX bytes) the next frame for the container, in libslirp's name, with a window that
 * the container waits for.  Returns the frame's size; 0: there is none.
 */
size_t connections_tell(struct connections *connections, uint8_t *frame);

/*
 * Called after frames have passed in either direction, until it returns 0.  Takes the next
 * connection that has to be reset because the host hasn't ended it in order, although libslirp
 * believes so.  @to_container and @to_libslirp (HEADERS_SIZE_MAX bytes each) become the frames that
 * reset it on both sides.  Returns their size; 0: there is none.
 */
size_t connections_abort(struct connections *connections, uint8_t *to_container,
			 uint8_t *to_libslirp);

/*
 * Called after a round until it returns 0.  Writes to @frame (HEADERS_SIZE_MAX bytes) the next
 * frame for libslirp that makes it free a connection which both sides have ended.  Without this,
 * libslirp keeps the connection, its socket and its buffers for ten seconds (TIME-WAIT) if the host
 * ended first.  Returns the frame's size; 0: there is none.
 */
size_t connections_finish(struct connections *connections, uint8_t *frame);

/*
 * Called after frames have passed in either direction, until it returns 0.  Writes to @frame
 * (HEADERS_SIZE_MAX bytes) the next acknowledgement for libslirp, in the container's name.  Returns
 * the frame's size; 0: there is none.
 */
size_t connections_answer(struct connections *connections, uint8_t *frame);

/*
 * Writes to @frame (FRAME_SIZE_MAX bytes) the next retransmission to the container, in libslirp's
 * name.  Returns the frame's size; 0: there is none.  @now_ms: CLOCK_MONOTONIC.
 */
size_t connections_resend(struct connections *connections, int64_t now_ms, uint8_t *frame);

/* The time in ms until connections_resend() has something to do; -1: never. */
int connections_timeout(struct connections *connections, int64_t now_ms);

#endif
