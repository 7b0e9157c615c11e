// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: urun-port.
 *
 * How the bytes of a published TCP port move.
 *
 *               ┌────────── struct relay ───────────┐
 *   client ─▶ socket ─splice─▶ pipe ─splice─▶ socket ─▶ container's program      struct flow up
 *   client ◀─ socket ◀─splice─ pipe ◀─splice─ socket ◀─ container's program      struct flow down
 *               └ of the host      of the container ┘
 *
 * Both sockets are watched edge-triggered: an event is remembered in the flow (readable, writable)
 * until a call returns EAGAIN.  pump() moves bytes while both allow it, ROUNDS_MAX times in a turn;
 * a connection with more to move goes to the list of the busy, which relays_run() serves after all
 * other events.
 *
 * Backpressure is the kernel's: if the reader doesn't read, its socket's buffer fills, then the
 * pipe, then the sender's socket; then TCP announces a zero window to the sender.  So a peer that
 * never reads costs a bounded amount of kernel memory, and two descriptors for its pipe, until the
 * other side closes.  Pipes are given back when they are empty; an idle connection has none.
 *
 * Ends.  A half-closed connection is legal: the end of one stream is passed on by shutdown(2), and
 * the other stream goes on.  A connection ends in order when both streams have ended.  A reset, in
 * contrast, ends both streams; but the peer gets first what was sent before: the socket waits in
 * the list of resets until all its bytes are acknowledged, or until the peer has acknowledged none
 * for RESET_PATIENCE_MS.  The difference matters: a file that was cut off must not look complete.
 * recv(2) doesn't always tell the two apart, so the kernel's count of bytes decides
 * (netns/ending.h).
 *
 * Urgent data: a pipe has no urgent mark, and splice(2) stops there as if the stream had ended.
 * Such bytes go through our memory, as ordinary ones (SO_OOBINLINE).
 *
 * What a hostile peer on either side can do: anything that TCP allows, at any moment.  Bounds: the
 * number of connections (relays_are_full()), a pipe of PIPE_SIZE for each direction, ROUNDS_MAX a
 * turn, and keep-alive for a client that has vanished.
 *
 * What may block: nothing.  A lack of pipes (EMFILE, pipe-user-pages-hard) is waited for in the
 * loop.
 */
#include "netns/ports/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/base/str.h"
#include "netns/ending.h"
#include "netns/ports/watch.h"

/*
 * A pipe larger than the usual 64 KiB means fewer wake-ups.  The kernel gives each user 64 MiB of
 * such pipes (pipe(7), pipe-user-pages-soft); beyond that pipes stay small.
 */
#define PIPE_SIZE      (256 << 10)
#define PIPES_KEPT_MAX 4

/* Moves of one direction in a turn, so that no connection keeps the others waiting. */
#define ROUNDS_MAX 16

/* How long to wait before trying again to make a pipe. */
#define STARVED_MS 20

/*
 * A socket that is to be reset is looked at this often, until its peer has acknowledged all bytes;
 * and a peer may acknowledge nothing for this long.
 */
#define RESET_LOOK_MS	  20
#define RESET_PATIENCE_MS 30000

/*
 * Turns that one connection may have at the container's end, for the bytes that are still on their
 * way.
 */
#define LAST_PUMPS_MAX 64

/* One direction of a connection. */
struct flow {
	struct watch *from, *to;
	int pipe[2];	   /* -1: holds no pipe */
	size_t held;	   /* bytes in the pipe */
	uint32_t received; /* by @from's socket, modulo 2^32 */
	bool readable, writable;
	bool urgent; /* there are urgent bytes, at which splice(2) stops */
	bool ended;  /* @from has ended its stream */
	bool done;   /* @to was told of that end */
	bool cut;    /* @to accepts no more bytes: done, but not in order */
};

struct relay {
	struct relays *relays;
	struct relay *next, **link; /* in the list of all, or of those that have ended */
	struct relay *next_busy;
	bool busy;
	struct watch client, server;
	struct flow up, down; /* to the container, and from it */
	union publish_address address;
	uint16_t port;
	int family;	  /* of the server's socket */
	bool tried_other; /* the container was tried in the other family too */
};

/* A socket that is reset as soon as its peer has acknowledged all that was written to it. */
struct reset {
	struct reset *next;
	int fd;
	int unsent;
	int64_t since_ms; /* CLOCK_MONOTONIC: when @unsent last changed */
};

struct relays {
	int epoll;
	const struct source *source;
	struct relay *all, *ended, *busy;
	size_t count, max; /* connections that haven't ended, with the resets */
	struct reset *resets;
	int64_t looked_ms; /* CLOCK_MONOTONIC: the last look at the resets */
	bool starved;	   /* a busy connection waits for a pipe */
	int pipes[PIPES_KEPT_MAX][2];
	size_t pipe_count;
	char urgent[4096]; /* bytes that splice(2) can't move to a pipe */
};

/* ---- pipes ---- */

static int take_spare_pipe(struct relays *relays, int pipe[static 2])
{
	if (relays->pipe_count > 0) {
		relays->pipe_count--;
		pipe[0] = relays->pipes[relays->pipe_count][0];
		pipe[1] = relays->pipes[relays->pipe_count][1];
		return 0;
	}
	if (pipe2(pipe, O_NONBLOCK | O_CLOEXEC) < 0)
		return -errno;
	fcntl(pipe[1], F_SETPIPE_SZ, PIPE_SIZE);
	return 0;
}

static void pipe_close(int pipe[static 2])
{
	fd_close(&pipe[0]);
	fd_close(&pipe[1]);
}

/* Gives an empty pipe back. */
static void pipe_give(struct relays *relays, int pipe[static 2])
{
	if (relays->pipe_count == PIPES_KEPT_MAX) {
		pipe_close(pipe);
		return;
	}
	relays->pipes[relays->pipe_count][0] = pipe[0];
	relays->pipes[relays->pipe_count][1] = pipe[1];
	relays->pipe_count++;
	pipe[0] = pipe[1] = -1;
}

/* ---- a relay's end ---- */

static void relay_link(struct relay *relay, struct relay **list)
{
	relay->next = *list;
	relay->link = list;
	if (*list)
		(*list)->link = &relay->next;
	*list = relay;
}

static void reset_now(int fd)
{
	ending_reset(fd);
	close(fd);
}

/*
 * Resets the peer of @side, but not before it has all that is on its way: a reset would overtake
 * these bytes.  Closing in order would make a stream that was cut off look complete.
 */
static void reset_when_sent(struct relays *relays, struct watch *side)
{
	int unsent = ending_unsent(side->fd);
	struct reset *reset;

	watch_remove(relays->epoll, side);
	if (unsent == 0) {
		reset_now(take_fd(&side->fd));
		return;
	}
	reset = mem_alloc(sizeof(*reset));
	*reset = (struct reset){ .next = relays->resets,
				 .fd = take_fd(&side->fd),
				 .unsent = unsent,
				 .since_ms = clock_ms() };
	relays->resets = reset;
	relays->count++;
}

/* Returns whether a reset was sent or given up. */
static bool look_at_resets(struct relays *relays)
{
	struct reset **link = &relays->resets;
	int64_t now_ms = clock_ms();
	bool any = false;

	if (!relays->resets || now_ms - relays->looked_ms < RESET_LOOK_MS)
		return false;
	relays->looked_ms = now_ms;
	while (*link) {
		struct reset *reset = *link;
		int unsent = ending_unsent(reset->fd);

		if (unsent != reset->unsent)
			reset->since_ms = now_ms;
		reset->unsent = unsent;
		if (unsent > 0 && now_ms - reset->since_ms <= RESET_PATIENCE_MS) {
			link = &reset->next;
			continue;
		}
		*link = reset->next;
		reset_now(reset->fd);
		free(reset);
		relays->count--;
		any = true;
	}
	return any;
}

enum end {
	END_ORDERLY,
	END_RESET,
	END_AT_ONCE, /* resets a side unless it was told the end of its stream in order */
};

static void side_end(struct relays *relays, struct watch *side, const struct flow *to_side,
		     enum end how)
{
	if (side->fd < 0)
		return;
	if (how == END_RESET)
		reset_when_sent(relays, side);
	else if (how == END_AT_ONCE && (!to_side->done || to_side->cut))
		ending_reset(side->fd);
	fd_close(&side->fd);
}

/* The memory stays until all descriptors that were ready have been served. */
static void relay_end(struct relay *relay, enum end how)
{
	side_end(relay->relays, &relay->client, &relay->down, how);
	side_end(relay->relays, &relay->server, &relay->up, how);
	pipe_close(relay->up.pipe);
	pipe_close(relay->down.pipe);
	relay->client.ready = relay->server.ready = NULL;
	relay->relays->count--;
	*relay->link = relay->next;
	if (relay->next)
		relay->next->link = relay->link;
	relay_link(relay, &relay->relays->ended);
}

/* ---- moving bytes ---- */

enum pumped { PUMP_IDLE, PUMP_MORE, PUMP_BROKEN };

/* Moves bytes at an urgent mark as ordinary bytes: a pipe has no such mark. */
static ssize_t read_past_mark(struct relays *relays, struct flow *flow)
{
	ssize_t got = recv(flow->from->fd, relays->urgent, sizeof(relays->urgent), MSG_DONTWAIT);

	/* The pipe is empty, so it takes all of the bytes. */
	return got > 0 ? write(flow->pipe[1], relays->urgent, (size_t)got) : got;
}

/*
 * ORDER: the pipe is filled only when it is empty: then EAGAIN can only mean that the socket has no
 * bytes, never that the pipe is full.
 */
static enum pumped fill_pipe(struct relays *relays, struct flow *flow)
{
	ssize_t got;

	if (flow->pipe[0] < 0 && take_spare_pipe(relays, flow->pipe) < 0) {
		relays->starved = true;
		return PUMP_MORE;
	}
	got = flow->urgent ? read_past_mark(relays, flow)
			   : splice(flow->from->fd, NULL, flow->pipe[1], NULL, PIPE_SIZE,
				    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	/*
	 * At an urgent mark splice(2) returns 0 as at the end of the stream, even before EPOLLPRI.
	 */
	if (got == 0 && !flow->urgent)
		got = read_past_mark(relays, flow);
	if (got < 0 && errno == EINTR)
		return PUMP_MORE;
	if (got < 0 && errno != EAGAIN)
		return PUMP_BROKEN;
	if (got <= 0) {
		flow->readable = false;
		flow->ended = got == 0;
		pipe_give(relays, flow->pipe);
		/*
		 * A failed write may have read the socket's error: then a reset looks like an end.
		 */
		return flow->ended && !ending_is_orderly(flow->from->fd, flow->received)
			       ? PUMP_BROKEN
			       : PUMP_MORE;
	}
	flow->held = (size_t)got;
	flow->received += (uint32_t)got;
	return PUMP_MORE;
}

/* @to accepts no more bytes.  The other direction is another matter: @to may still send. */
static enum pumped cut_off(struct flow *flow)
{
	pipe_close(flow->pipe);
	flow->held = 0;
	flow->ended = flow->done = flow->cut = true;
	return PUMP_IDLE;
}

static enum pumped drain_pipe(struct relays *relays, struct flow *flow)
{
	ssize_t sent = splice(flow->pipe[0], NULL, flow->to->fd, NULL, flow->held,
			      SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

	if (sent < 0 && errno == EAGAIN) {
		flow->writable = false;
		return PUMP_MORE;
	}
	if (sent < 0)
		return errno == EINTR ? PUMP_MORE : cut_off(flow);
	flow->held -= (size_t)sent;
	if (flow->held == 0 && !flow->readable)
		pipe_give(relays, flow->pipe);
	return PUMP_MORE;
}

static enum pumped pump(struct relays *relays, struct flow *flow)
{
	enum pumped result = PUMP_MORE;

	for (int round = 0; round < ROUNDS_MAX && result == PUMP_MORE; round++) {
		if (flow->held > 0) {
			if (!flow->writable)
				return PUMP_IDLE;
			result = drain_pipe(relays, flow);
			continue;
		}
		if (flow->ended) {
			if (!flow->done && shutdown(flow->to->fd, SHUT_WR) < 0)
				return cut_off(flow);
			flow->done = true;
			return PUMP_IDLE;
		}
		if (!flow->readable)
			return PUMP_IDLE;
		result = fill_pipe(relays, flow);
		if (relays->starved && flow->pipe[0] < 0 && flow->readable)
			return PUMP_MORE;
	}
	return result;
}

/*
 * ORDER: both directions are moved before a failure of one ends both: what a peer sent before its
 * reset is passed on.
 */
static void relay_pump(struct relay *relay)
{
	struct relays *relays = relay->relays;
	enum pumped up = pump(relays, &relay->up);
	enum pumped down = pump(relays, &relay->down);

	if (up == PUMP_BROKEN || down == PUMP_BROKEN) {
		relay_end(relay, END_RESET);
	} else if (relay->up.done && relay->down.done) {
		relay_end(relay, relay->up.cut || relay->down.cut ? END_RESET : END_ORDERLY);
	} else if ((up == PUMP_MORE || down == PUMP_MORE) && !relay->busy) {
		relay->busy = true;
		relay->next_busy = relays->busy;
		relays->busy = relay;
	}
}

static void go_on(struct relay *relay, uint32_t events, struct flow *reads, struct flow *writes)
{
	if (events & EPOLLPRI)
		reads->urgent = true;
	if (events & (EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		reads->readable = !reads->ended;
	if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
		writes->writable = true;
	relay_pump(relay);
	/*
	 * A side whose stream has ended, and then fails, reports no error by a read: without this
	 * the other side would wait for ever.
	 */
	if ((events & EPOLLERR) && relay->client.fd >= 0 && reads->ended && reads->held == 0)
		relay_end(relay, END_RESET);
}

static void client_ready(struct watch *watch, uint32_t events)
{
	struct relay *relay = watch_owner(watch, struct relay, client);

	go_on(relay, events, &relay->up, &relay->down);
}

static void server_ready(struct watch *watch, uint32_t events)
{
	struct relay *relay = watch_owner(watch, struct relay, server);

	go_on(relay, events, &relay->down, &relay->up);
}

/* ---- the connection into the container ---- */

#define EDGE_EVENTS (EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET)

static void server_connecting(struct watch *watch, uint32_t events);

/* Returns 0 or a negative errno. */
static int connect_server(struct relay *relay)
{
	struct relays *relays = relay->relays;
	int fd = source_connect_stream(relays->source, relay->family, &relay->address, relay->port);

	if (fd < 0)
		return fd;
	relay->server = (struct watch){ .fd = fd, .ready = server_connecting };
	if (watch_add(relays->epoll, &relay->server, EDGE_EVENTS) == 0)
		return 0;
	fd_close(&relay->server.fd);
	return -errno;
}

/*
 * A program that listens in one family only is reached from the other family too, as on a host that
 * has one family only.
 */
static void connect_to_other_family(struct relay *relay)
{
	int failed = -1;

	if (!relay->tried_other) {
		relay->tried_other = true;
		relay->family = relay->family == AF_INET ? AF_INET6 : AF_INET;
		if (relay->family == AF_INET || relay->relays->source->options->ipv6)
			failed = connect_server(relay);
	}
	if (failed < 0)
		relay_end(relay, END_RESET);
}

static void server_connecting(struct watch *watch, uint32_t events)
{
	struct relay *relay = watch_owner(watch, struct relay, server);
	socklen_t size = sizeof(int);
	int failed = 0;

	if (getsockopt(watch->fd, SOL_SOCKET, SO_ERROR, &failed, &size) < 0)
		failed = errno;
	if (failed) {
		fd_close(&watch->fd);
		connect_to_other_family(relay);
		return;
	}
	if (!(events & EPOLLOUT))
		return;
	watch->ready = server_ready;
	relay->client.ready = client_ready;
	if (watch_add(relay->relays->epoll, &relay->client, EDGE_EVENTS) < 0) {
		relay_end(relay, END_RESET);
		return;
	}
	server_ready(watch, events);
}

void relays_add(struct relays *relays, int client, const union publish_address *address,
		uint16_t port)
{
	struct relay *relay = mem_alloc(sizeof(*relay));
	const int on = 1;

	*relay = (struct relay){
		.relays = relays,
		.client = { .fd = client },
		.server = { .fd = -1 },
		.up = { .from = &relay->client, .to = &relay->server, .pipe = { -1, -1 } },
		.down = { .from = &relay->server, .to = &relay->client, .pipe = { -1, -1 } },
		.address = *address,
		.port = port,
		.family = address->any.sa_family,
	};
	relay_link(relay, &relays->all);
	relays->count++;
	setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	/* Keep-alive ends a half-open connection, whose client has vanished. */
	setsockopt(client, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(client, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on));
	if (connect_server(relay) < 0)
		connect_to_other_family(relay);
}

/* ---- all of them ---- */

struct relays *relays_new(int epoll, const struct source *source, size_t max)
{
	struct relays *relays = mem_alloc(sizeof(*relays));

	relays->max = max;
	relays->epoll = epoll;
	relays->source = source;
	return relays;
}

static bool free_ended_relays(struct relays *relays)
{
	bool any = relays->ended != NULL;

	while (relays->ended) {
		struct relay *relay = relays->ended;

		relays->ended = relay->next;
		free(relay);
	}
	return any;
}

/*
 * The container has ended.  What its program had sent is still on its way, since the network
 * namespace lives as long as we do: passes it on as far as the client takes it without waiting.
 */
static void relay_finish(struct relay *relay)
{
	bool is_connected = relay->client.ready != NULL;

	if (is_connected) {
		relay->up.readable = !relay->up.ended;
		relay->down.readable = !relay->down.ended;
		relay->up.writable = relay->down.writable = true;
	}
	for (int i = 0; is_connected && i < LAST_PUMPS_MAX && relay->client.fd >= 0; i++) {
		relay->busy = false;
		relay->relays->busy = NULL;
		relay_pump(relay);
		if (!relay->busy)
			break;
	}
	if (relay->client.fd >= 0)
		relay_end(relay, END_AT_ONCE);
}

void relays_free(struct relays *relays)
{
	if (!relays)
		return;
	while (relays->all)
		relay_finish(relays->all);
	free_ended_relays(relays);
	while (relays->resets) {
		struct reset *reset = relays->resets;

		relays->resets = reset->next;
		reset_now(reset->fd);
		free(reset);
	}
	while (relays->pipe_count > 0)
		pipe_close(relays->pipes[--relays->pipe_count]);
	free(relays);
}

bool relays_are_full(const struct relays *relays)
{
	return relays->count >= relays->max;
}

int relays_timeout(const struct relays *relays)
{
	if (relays->busy)
		return relays->starved ? STARVED_MS : 0;
	return relays->resets ? RESET_LOOK_MS : -1;
}

bool relays_run(struct relays *relays)
{
	struct relay *busy = relays->busy;
	bool any = look_at_resets(relays);

	relays->busy = NULL;
	relays->starved = false;
	while (busy) {
		struct relay *relay = busy;

		busy = relay->next_busy;
		relay->busy = false;
		/* A connection that has ended meanwhile has no socket any more. */
		if (relay->client.fd >= 0)
			relay_pump(relay);
	}
	return free_ended_relays(relays) || any;
}
