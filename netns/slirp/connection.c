// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: urun-slirp.
 *
 * The TCP connections of the container, seen from between its kernel and libslirp.
 *
 *   the kernel ◀── frames ──▶ struct connection ◀── frames ──▶ libslirp ◀── socket ──▶ the host
 *                              window, flight
 *
 * Three events make a connection known.  A SYN from the container prepares one
 * (connections_from_container()).  libslirp opens a socket for it and tells so
 * (connections_opened()): from then on the connection is found by its ends, for frames, and by its
 * descriptor, for the rounds of libslirp.  And libslirp's SYN,ACK opens its window: the host has
 * accepted.
 *
 * Each connection stands in up to four lists, so that no step visits all connections: those whose
 * window is low, those that have to be reset, those that both sides have ended, and the young ones.
 *
 * Resets must stay resets.  libslirp ends a connection in order when a socket fails and another
 * call of libslirp's has read the error before.  So each FIN of libslirp's is compared with what
 * the kernel says of the socket (netns/ending.h).  A FIN that is wrong is removed from its segment,
 * and both sides are reset.
 *
 * When the host ended first, libslirp keeps the connection for ten seconds in TIME-WAIT, with its
 * buffers.  Both sides have acknowledged everything then, so libslirp is given a reset in the
 * container's name, which frees the connection.
 *
 * What a hostile container can send: any segment, with any ends, numbers and flags.  Frames are
 * found by their ends only; numbers are compared, never used as an index.  A segment that matches
 * no connection goes to libslirp unchanged.  Collisions in the table slow down the container's own
 * network only.  The number of connections is bounded by netns/slirp/memory.h and
 * netns/slirp/syn_queue.h.
 *
 * Nothing in this file blocks, and only ending.h's questions are system calls.
 */
#include "netns/slirp/connection.h"

#include <netinet/in.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/hash.h"
#include "core/base/str.h"
#include "netns/ending.h"
#include "netns/slirp/checksum.h"
#include "netns/slirp/flight.h"
#include "netns/slirp/segment.h"
#include "netns/slirp/window.h"

#define BUCKETS 4096 /* a power of two */

/*
 * Both ends of a connection: the addresses as in an IP header, the container's first, then the
 * ports.
 */
struct ends {
	uint8_t addresses[32];
	uint8_t ports[4];
	uint32_t family;
};

struct connection {
	struct ends ends;
	struct connection *next; /* in the bucket */
	int fd;
	struct window window;
	struct flight flight;
	bool has_head;
	struct segment_head head;
	uint64_t written_to; /* the last round in which libslirp waited to write to the socket */
	struct connection *next_low, **low_link; /* low_link NULL: not in the list */
	uint32_t first;				 /* the sequence number of libslirp's first byte */
	bool has_ended;				 /* the host has ended its stream in order */
	bool has_end;				 /* the end of the container's stream is known */
	uint32_t end;				 /* the sequence number of the container's FIN */
	bool is_reset;				 /* by the container or by libslirp */
	bool is_aborted; /* reset by us, as libslirp would end it in order */
	struct connection *next_aborted;
	int64_t begun_ms;
	bool is_served;				     /* the host has sent data */
	struct connection *next_young, **young_link; /* young_link NULL: not in the list */
	bool both_ended; /* both streams have ended, and their ends were acknowledged */
	struct connection *next_both_ended;
};

struct connections {
	struct connection *buckets[BUCKETS];
	struct connection **by_fd;
	size_t by_fd_count;
	struct connection *last;  /* the connection found last: frames come in bursts */
	struct connection *begun; /* has no socket yet */
	struct flight_copies copies;
	uint64_t round;
	struct connection *low;	   /* connections whose container may send little */
	struct connection *cursor; /* the next one in @low that this round looks at */
	struct connection *aborted;
	struct connection *both_ended;
	struct connection *young, **last_young; /* the oldest first */
	size_t count, young_count, unserved_count;
};

/* ---- the table ---- */

enum direction {
	FROM_CONTAINER,
	TO_CONTAINER,
};

static struct ends ends_of(const struct layout *layout, const uint8_t *frame,
			   enum direction direction)
{
	struct ends ends = { .family = layout->family };
	bool v4 = layout->family == AF_INET;
	size_t size = v4 ? 4 : 16;

	memcpy(ends.addresses, frame + layout->ip + (v4 ? 12 : 8), 2 * size);
	memcpy(ends.ports, frame + layout->transport, sizeof(ends.ports));
	if (direction == TO_CONTAINER) {
		layout_swap(ends.addresses, size);
		layout_swap(ends.ports, 2);
	}
	return ends;
}

/* A container that makes its own connections collide slows down only its own network. */
static size_t connection_bucket(const struct ends *ends)
{
	uint64_t hash = hash_bytes(ends, sizeof(*ends));

	return (size_t)((hash ^ hash >> 32) % BUCKETS);
}

static struct connection *find_connection(struct connections *connections, const struct ends *ends)
{
	struct connection *connection = connections->last;

	if (connection && memcmp(&connection->ends, ends, sizeof(*ends)) == 0)
		return connection;
	for (connection = connections->buckets[connection_bucket(ends)]; connection;
	     connection = connection->next)
		if (memcmp(&connection->ends, ends, sizeof(*ends)) == 0) {
			connections->last = connection;
			return connection;
		}
	return NULL;
}

static struct connection *find_by_fd(const struct connections *connections, int fd)
{
	return fd >= 0 && (size_t)fd < connections->by_fd_count ? connections->by_fd[fd] : NULL;
}

static void add_connection(struct connections *connections, struct connection *connection, int fd)
{
	struct connection **bucket = &connections->buckets[connection_bucket(&connection->ends)];
	size_t count = connections->by_fd_count ? connections->by_fd_count : 64;

	while (count <= (size_t)fd)
		count *= 2;
	if (count > connections->by_fd_count) {
		connections->by_fd =
			mem_resize(connections->by_fd, count, sizeof(struct connection *));
		memset(connections->by_fd + connections->by_fd_count, 0,
		       (count - connections->by_fd_count) * sizeof(struct connection *));
		connections->by_fd_count = count;
	}
	connections->by_fd[fd] = connection;
	connection->fd = fd;
	connection->next = *bucket;
	*bucket = connection;
}

struct connections *connections_new(void)
{
	struct connections *connections = mem_alloc(sizeof(*connections));

	/* Round 0 means that libslirp never waited to write to a connection's socket. */
	connections->round = 1;
	connections->last_young = &connections->young;
	return connections;
}

void connections_free(struct connections *connections)
{
	if (!connections)
		return;
	for (size_t fd = 0; fd < connections->by_fd_count; fd++)
		free(connections->by_fd[fd]);
	free(connections->by_fd);
	free(connections->begun);
	flight_copies_release(&connections->copies);
	free(connections);
}

/* Returns whether libslirp has received all that the container had to send, and the FIN. */
static bool has_whole_stream(const struct connection *connection)
{
	return connection->has_end && connection->window.acknowledged == connection->end + 1;
}

/* ---- the list of those whose window is low ---- */

/*
 * Behind its FIN the container sends nothing, so it needs no window.  It may have forgotten the
 * connection as soon as the FIN is acknowledged, and would answer a segment with a reset.
 */
static bool needs_window(const struct connection *connection)
{
	return !connection->has_end && window_is_low(&connection->window);
}

static void note_low(struct connections *connections, struct connection *connection)
{
	if (connection->low_link || !needs_window(connection))
		return;
	connection->next_low = connections->low;
	connection->low_link = &connections->low;
	if (connections->low)
		connections->low->low_link = &connection->next_low;
	connections->low = connection;
}

static void forget_low(struct connections *connections, struct connection *connection)
{
	if (!connection->low_link)
		return;
	if (connections->cursor == connection)
		connections->cursor = connection->next_low;
	*connection->low_link = connection->next_low;
	if (connection->next_low)
		connection->next_low->low_link = connection->low_link;
	connection->low_link = NULL;
}

/*
 * Returns the next connection with a low window whose buffer in libslirp is empty.  NULL: the pass
 * over the list has ended.
 */
static struct connection *next_low(struct connections *connections)
{
	struct connection *connection;

	while ((connection = connections->cursor)) {
		connections->cursor = connection->next_low;
		if (!needs_window(connection))
			forget_low(connections, connection);
		else if (connection->has_head && connection->written_to != connections->round)
			return connection;
	}
	connections->cursor = connections->low;
	return NULL;
}

/* ---- the list of those that are to be reset ---- */

static void forget_aborted(struct connections *connections, const struct connection *connection)
{
	struct connection **link = &connections->aborted;

	while (*link && *link != connection)
		link = &(*link)->next_aborted;
	if (*link)
		*link = connection->next_aborted;
}

/* ---- the list of those that have just begun ---- */

static void note_young(struct connections *connections, struct connection *connection)
{
	connection->begun_ms = clock_ms();
	connection->young_link = connections->last_young;
	*connections->last_young = connection;
	connections->last_young = &connection->next_young;
	connections->young_count++;
	connections->unserved_count++;
	connections->count++;
}

static void forget_young(struct connections *connections, struct connection *connection)
{
	if (!connection->young_link)
		return;
	*connection->young_link = connection->next_young;
	if (connection->next_young)
		connection->next_young->young_link = connection->young_link;
	else
		connections->last_young = connection->young_link;
	connection->next_young = NULL;
	connection->young_link = NULL;
	connections->young_count--;
}

size_t connections_young(struct connections *connections, int64_t now_ms, int *ret_wait_ms)
{
	while (connections->young && now_ms - connections->young->begun_ms >= CONNECTION_YOUNG_MS)
		forget_young(connections, connections->young);
	*ret_wait_ms = connections->young
			       ? (int)(connections->young->begun_ms + CONNECTION_YOUNG_MS - now_ms)
			       : -1;
	return connections->young_count;
}

size_t connections_count(const struct connections *connections)
{
	return connections->count;
}

size_t connections_unserved(const struct connections *connections)
{
	return connections->unserved_count;
}

static void note_served(struct connections *connections, struct connection *connection)
{
	if (connection->is_served)
		return;
	connection->is_served = true;
	connections->unserved_count--;
}

/* ---- the list of those that both sides have ended ---- */

/* Notes a connection in which both streams have ended, and all of both was acknowledged. */
static void note_both_ended(struct connections *connections, struct connection *connection)
{
	const struct flight *flight = &connection->flight;

	if (connection->both_ended || connection->is_aborted || connection->is_reset ||
	    !connection->has_ended || !connection->has_end || !flight->is_heard ||
	    flight->acknowledged != flight->sent ||
	    connection->window.acknowledged != connection->end + 1)
		return;
	connection->both_ended = true;
	connection->next_both_ended = connections->both_ended;
	connections->both_ended = connection;
}

static void forget_both_ended(struct connections *connections, const struct connection *connection)
{
	struct connection **link = &connections->both_ended;

	if (!connection->both_ended)
		return;
	while (*link && *link != connection)
		link = &(*link)->next_both_ended;
	if (*link)
		*link = connection->next_both_ended;
}

/* ---- the life of a connection ---- */

void connections_opened(struct connections *connections, int fd)
{
	if (fd < 0 || !connections->begun)
		return;
	connections_closed(connections, fd);
	note_young(connections, connections->begun);
	add_connection(connections, take_ptr(connections->begun), fd);
}

void connections_settle(struct connections *connections)
{
	free(take_ptr(connections->begun));
}

void connections_closed(struct connections *connections, int fd)
{
	struct connection *connection = find_by_fd(connections, fd), **link;

	if (!connection)
		return;
	link = &connections->buckets[connection_bucket(&connection->ends)];
	while (*link != connection)
		link = &(*link)->next;
	*link = connection->next;
	connections->by_fd[fd] = NULL;
	if (connections->last == connection)
		connections->last = NULL;
	forget_low(connections, connection);
	forget_aborted(connections, connection);
	forget_young(connections, connection);
	forget_both_ended(connections, connection);
	note_served(connections, connection);
	connections->count--;
	flight_end(&connection->flight);
	free(connection);
}

bool connections_has(const struct connections *connections, const struct layout *layout,
		     const uint8_t *frame)
{
	struct ends ends = ends_of(layout, frame, FROM_CONTAINER);
	const struct connection *connection = connections->buckets[connection_bucket(&ends)];

	while (connection && memcmp(&connection->ends, &ends, sizeof(ends)) != 0)
		connection = connection->next;
	return connection != NULL;
}

bool connections_is_open(const struct connections *connections, int fd)
{
	const struct connection *connection = find_by_fd(connections, fd);

	return connection && connection->window.is_open;
}

/* Returns whether all that the container had to send was written to the socket, with its end. */
static bool is_finished(const struct connection *connection)
{
	return connection->is_reset || !connection->window.is_open ||
	       (has_whole_stream(connection) && window_is_written(&connection->window));
}

bool connections_are_finished(const struct connections *connections)
{
	for (size_t fd = 0; fd < connections->by_fd_count; fd++)
		if (connections->by_fd[fd] && !is_finished(connections->by_fd[fd]))
			return false;
	return true;
}

void connections_reset_unfinished(const struct connections *connections)
{
	for (size_t fd = 0; fd < connections->by_fd_count; fd++)
		if (connections->by_fd[fd] && !is_finished(connections->by_fd[fd]))
			ending_reset((int)fd);
}

bool connections_is_reset(const struct connections *connections, int fd)
{
	const struct connection *connection = find_by_fd(connections, fd);

	return connection && connection->is_reset;
}

void connections_begin_round(struct connections *connections)
{
	connections->round++;
	connections->cursor = connections->low;
}

void connections_waits(struct connections *connections, int fd, bool to_write)
{
	struct connection *connection = find_by_fd(connections, fd);

	if (!connection)
		return;
	if (to_write)
		connection->written_to = connections->round;
	else if (connection->window.is_open)
		window_emptied(&connection->window);
}

/* ---- frames ---- */

/*
 * A reset from a container that has sent its whole stream, with the FIN, only says that it receives
 * no more.  libslirp would discard the bytes that aren't written to the host yet, so libslirp must
 * not get that reset: returns false.
 */
static bool take_reset(struct connection *connection)
{
	if (has_whole_stream(connection))
		return window_is_written(&connection->window);
	connection->is_reset = true;
	return true;
}

bool connections_from_container(struct connections *connections, const struct layout *layout,
				uint8_t *frame)
{
	struct connection *connection;
	struct ends ends;
	uint8_t flags;
	uint32_t width;

	if (layout->tcp_size == 0)
		return true;
	/* The window of a SYN is never scaled. */
	flags = frame[layout->transport + TCP_FLAGS];
	ends = ends_of(layout, frame, FROM_CONTAINER);
	if (flags & TCP_FLAG_SYN) {
		if (flags & TCP_FLAG_ACK)
			return true;
		free(connections->begun);
		connections->begun = mem_alloc(sizeof(struct connection));
		connections->begun->ends = ends;
		window_begin(layout, frame, &connections->begun->window);
		return true;
	}
	connection = find_connection(connections, &ends);
	if (!connection)
		return true;
	if (flags & TCP_FLAG_RST && !take_reset(connection))
		return false;
	if (!connection->window.is_open)
		return true;
	if (flags & TCP_FLAG_FIN) {
		connection->has_end = true;
		connection->end = get32(frame + layout->transport + TCP_SEQUENCE) +
				  (uint32_t)(layout->end - layout->transport - layout->tcp_size);
	}
	width = window_from_container(&connection->window, layout, frame);
	note_low(connections, connection);
	if (!flight_from_container(&connection->flight, layout, frame, width))
		return false;
	note_both_ended(connections, connection);
	flight_note(&connection->flight, layout, frame);
	return true;
}

/*
 * libslirp takes a failed socket for one that has ended in order, if another call of libslirp's has
 * read the error before.  Such a FIN is removed, and the connection is reset instead.
 */
static void check_end(struct connections *connections, struct connection *connection,
		      const struct layout *layout, uint8_t *head)
{
	uint8_t *tcp = head + layout->transport;
	uint32_t size = (uint32_t)(layout->end - layout->transport - layout->tcp_size);

	if (connection->has_ended || !connection->has_head)
		return;
	if (ending_is_orderly(connection->fd,
			      get32(tcp + TCP_SEQUENCE) + size - connection->first)) {
		connection->has_ended = true;
		return;
	}
	tcp[TCP_FLAGS] &= (uint8_t)~TCP_FLAG_FIN;
	if (connection->is_aborted)
		return;
	connection->is_aborted = true;
	connection->next_aborted = connections->aborted;
	connections->aborted = connection;
}

void connections_to_container(struct connections *connections, struct layout *layout, uint8_t *head,
			      const uint8_t *data)
{
	struct ends ends = ends_of(layout, head, TO_CONTAINER);
	struct connection *connection = find_connection(connections, &ends);
	uint8_t flags = head[layout->transport + TCP_FLAGS];

	if (!connection || !(flags & TCP_FLAG_ACK))
		return;
	if (flags & TCP_FLAG_RST)
		connection->is_reset = true;
	if (flags & TCP_FLAG_FIN)
		check_end(connections, connection, layout, head);
	if (flags & TCP_FLAG_SYN) {
		connection->has_head = segment_keep(layout, head, &connection->head);
		window_offer(&connection->window, layout, head);
		flight_begin(&connection->flight, layout, head);
		connection->first = connection->flight.sent;
		/* Without scaling at most 64 KiB are in flight, which libslirp keeps itself. */
		connection->flight.has_no_copies = connection->window.shift == 0;
	} else if (connection->window.is_open) {
		/* ORDER: flight keeps the headers, so it comes before the window changes them. */
		flight_to_container(&connections->copies, &connection->flight, layout, head, data);
		window_to_container(&connection->window, layout, head);
		if (layout->end > layout->transport + layout->tcp_size)
			note_served(connections, connection);
		note_both_ended(connections, connection);
	}
}

/* libslirp answers a segment from before the expected number, such as a keep-alive, at once. */
size_t connections_ask(struct connections *connections, uint8_t *frame)
{
	struct connection *connection;
	struct segment_fields fields;

	while ((connection = next_low(connections)))
		if (flight_last_word(&connection->flight, connection->window.acknowledged - 1,
				     &fields) &&
		    window_ask(&connection->window))
			return segment_write_back(&connection->head, &fields, frame);
	return 0;
}

size_t connections_tell(struct connections *connections, uint8_t *frame)
{
	struct connection *connection;

	while ((connection = next_low(connections))) {
		struct segment_fields fields = { .number = flight_next_number(&connection->flight),
						 .acknowledged = connection->window.acknowledged,
						 .flags = TCP_FLAG_ACK,
						 .window = connection->flight.window };

		window_emptied(&connection->window);
		if (window_is_untold(&connection->window))
			return segment_write(&connection->head, &fields, 0, frame);
	}
	return 0;
}

size_t connections_abort(struct connections *connections, uint8_t *to_container,
			 uint8_t *to_libslirp)
{
	struct connection *connection = connections->aborted;
	struct segment_fields fields = { .flags = TCP_FLAG_RST | TCP_FLAG_ACK };

	if (!connection)
		return 0;
	connections->aborted = connection->next_aborted;
	fields.number = connection->flight.sent;
	fields.acknowledged = connection->window.acknowledged;
	segment_write(&connection->head, &fields, 0, to_container);
	fields.number = connection->window.acknowledged;
	fields.acknowledged = connection->flight.sent;
	return segment_write_back(&connection->head, &fields, to_libslirp);
}

/*
 * Frees a connection by a reset in the container's name.  Neither side notices: the container has
 * nothing of the connection left, except perhaps its acknowledgement of the end, and libslirp
 * closes its socket in order.
 * ORDER: after all that the container had sent was written to the host's socket.
 */
size_t connections_finish(struct connections *connections, uint8_t *frame)
{
	struct connection **link = &connections->both_ended;
	struct connection *connection;
	struct segment_fields fields = { .flags = TCP_FLAG_RST | TCP_FLAG_ACK };

	while (*link && (*link)->written_to == connections->round)
		link = &(*link)->next_both_ended;
	connection = *link;
	if (!connection)
		return 0;
	*link = connection->next_both_ended;
	fields.number = connection->end + 1;
	fields.acknowledged = connection->flight.sent;
	return segment_write_back(&connection->head, &fields, frame);
}

size_t connections_answer(struct connections *connections, uint8_t *frame)
{
	return flight_answer(&connections->copies, frame);
}

size_t connections_resend(struct connections *connections, int64_t now_ms, uint8_t *frame)
{
	return flight_resend(&connections->copies, now_ms, frame);
}

int connections_timeout(struct connections *connections, int64_t now_ms)
{
	return flight_timeout(&connections->copies, now_ms);
}
