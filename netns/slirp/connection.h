/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_SLIRP_CONNECTION_H
#define URUN_NETNS_SLIRP_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netns/slirp/layout.h"

/*
 * The TCP connections that the container has opened, each known by the frames that pass and by the
 * socket that libslirp has for it.  What libslirp's TCP lacks is done on the frames between the two:
 * window scaling (netns/slirp/window.h), more than 64 KiB in flight (netns/slirp/flight.h), and resets that stay
 * resets (netns/ending.h).
 * Runs in: urun-slirp.
 */
struct connections;

struct connections *connections_new(void);
void connections_free(struct connections *connections);

/*
 * A frame of the container's, before libslirp gets it: its window is made what libslirp
 * understands.  The start of a connection is remembered until connections_settle().  False: libslirp
 * is not to get it, as it knows what the frame says.
 */
bool connections_from_container(struct connections *connections, const struct layout *layout,
				uint8_t *frame);

/* The socket @fd was opened: it belongs to the connection that has just begun, if one has. */
void connections_opened(struct connections *connections, int fd);

/* libslirp has dealt with the frame: a start without a socket was none. */
void connections_settle(struct connections *connections);

/* A round begins: libslirp is about to say of each socket what it waits for. */
void connections_begin_round(struct connections *connections);

/*
 * libslirp waits for the socket @fd: is it to write what the container has sent?  A socket that
 * libslirp doesn't wait for in a round has nothing to be written, either.
 */
void connections_waits(struct connections *connections, int fd, bool to_write);

/* Whether @fd is the socket of a connection with a host that has accepted it. */
bool connections_is_open(const struct connections *connections, int fd);

/* Whether the connection of the socket @fd was reset by the container, or by libslirp. */
bool connections_is_reset(const struct connections *connections, int fd);

/*
 * Whether all that the container has sent on its connections was written to their sockets, with the
 * ends that it has made.
 */
bool connections_are_finished(const struct connections *connections);

/*
 * Before the program ends, which closes all sockets: those whose connection isn't finished are reset
 * by that, as a stream that lacks its end must not look whole.
 */
void connections_reset_unfinished(const struct connections *connections);

/* Whether there is a connection between the two ends that the container's frame has. */
bool connections_has(const struct connections *connections, const struct layout *layout,
		     const uint8_t *frame);

/*
 * How many connections are young: they have begun less than CONNECTION_YOUNG_MS ago, and haven't
 * ended.  *ret_wait_ms is when there may be fewer of them, unless one ends before; -1: there is none.
 * @now_ms: CLOCK_MONOTONIC.
 */
#define CONNECTION_YOUNG_MS 50
size_t connections_young(struct connections *connections, int64_t now_ms, int *ret_wait_ms);

/* How many connections there are. */
size_t connections_count(const struct connections *connections);

/* How many connections wait for the host's first byte: what they will cost isn't known yet. */
size_t connections_unserved(const struct connections *connections);

/* The socket @fd is about to be closed: nothing of its connection follows. */
void connections_closed(struct connections *connections, int fd);

/*
 * A frame of libslirp's, whose headers are in @head (HEADERS_SIZE_MAX bytes of room): its window is
 * made what the container understands.  Headers that grow change @layout too.  @data: what follows
 * the headers, up to the layout's end; it may be kept as a copy.
 */
void connections_to_container(struct connections *connections, struct layout *layout, uint8_t *head,
			      const uint8_t *data);

/*
 * After a round: the next frame that libslirp is to get as if it were the container's, in @frame
 * (HEADERS_SIZE_MAX bytes), so that libslirp acknowledges what the container waits for.  Returns its
 * size; 0: there is none.  What libslirp waits for may be different afterwards: another round is due.
 */
size_t connections_ask(struct connections *connections, uint8_t *frame);

/*
 * After that, and before the wait: the next frame that goes to the container as if it were
 * libslirp's, in @frame (HEADERS_SIZE_MAX bytes), with a window that the container waits for.
 * Returns its size; 0: there is none.
 */
size_t connections_tell(struct connections *connections, uint8_t *frame);

/*
 * After frames have passed in either direction: the next connection that is to be reset, as the host
 * hasn't ended it in order though libslirp takes it for that.  @to_container and @to_libslirp
 * (HEADERS_SIZE_MAX bytes each) are the frames that reset it on both sides.  Returns their size; 0:
 * there is none.
 */
size_t connections_abort(struct connections *connections, uint8_t *to_container,
			 uint8_t *to_libslirp);

/*
 * After a round: the next frame that libslirp is to get so that it frees a connection that both sides
 * have ended, in @frame (HEADERS_SIZE_MAX bytes).  Else libslirp keeps the connection, its socket and
 * its buffers for ten seconds (TIME-WAIT) when the host was the first to end.  Returns its size; 0:
 * there is none.
 */
size_t connections_finish(struct connections *connections, uint8_t *frame);

/*
 * After frames have passed in either direction: the next frame that libslirp is to get as if it were
 * the container's, in @frame (HEADERS_SIZE_MAX bytes).  Returns its size; 0: there is none.
 */
size_t connections_answer(struct connections *connections, uint8_t *frame);

/*
 * The next frame that goes to the container again as if it were libslirp's, in @frame
 * (FRAME_SIZE_MAX bytes).  Returns its size; 0: there is none.  @now_ms: CLOCK_MONOTONIC.
 */
size_t connections_resend(struct connections *connections, int64_t now_ms, uint8_t *frame);

/* When connections_resend() is to be called at the latest, in ms from now on; -1: no matter. */
int connections_timeout(struct connections *connections, int64_t now_ms);

#endif
