// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-port.
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
 * More than the 64 KiB that a pipe has by itself make fewer wakes; the user's share of such memory
 * (pipe(7), pipe-user-pages-soft) is 64 MiB, beyond which pipes stay small.
 */
#define PIPE_SIZE      (256 << 10)
#define PIPES_KEPT_MAX 4

/* Rounds that one direction may have in a row, so that no connection keeps others waiting. */
#define ROUNDS_MAX 16

/* Until there may be a pipe again. */
#define STARVED_MS 20

/*
 * How often a socket that is to be reset is looked at, until its peer has acknowledged all that was
 * written to it; and how long the peer may acknowledge nothing.
 */
#define RESET_LOOK_MS  20
#define RESET_PATIENCE_MS 30000

/* At the container's end, for what is still on its way: of one connection. */
#define LAST_PUMPS_MAX 64

/* One direction. */
struct flow {
	struct watch *from, *to;
	int pipe[2];	   /* -1: nothing is held */
	size_t held;	   /* bytes in the pipe */
	uint32_t received; /* bytes that @from has sent, modulo 2^32 */
	bool readable, writable;
	bool urgent; /* there are urgent bytes, at which splice(2) stops */
	bool ended;  /* @from has said its last */
	bool done;   /* and so has @to been told */
	bool cut;    /* @to takes no more: done, but not in order */
};

struct relay {
	struct relays *relays;
	struct relay *next, **link; /* in the list of all, or of the ended */
	struct relay *next_busy;
	bool busy;
	struct watch client, server;
	struct flow up, down; /* to the container, and from it */
	union publish_address address;
	uint16_t port;
	int family;	  /* of the server's socket */
	bool tried_other; /* the container was asked in the other family too */
};

/* A socket that is reset as soon as its peer has acknowledged what was written to it. */
struct reset {
	struct reset *next;
	int fd;
	int unsent;
	int64_t since_ms; /* CLOCK_MONOTONIC: @unsent is what it is */
};

struct relays {
	int epoll;
	const struct source *source;
	struct relay *all, *ended, *busy;
	size_t count, max; /* of those that haven't ended, and of the resets */
	struct reset *resets;
	int64_t looked_ms; /* CLOCK_MONOTONIC: at the resets */
	bool starved;	   /* one of the busy waits for a pipe */
	int pipes[PIPES_KEPT_MAX][2];
	size_t pipe_count;
	char urgent[4096]; /* what can't go through a pipe by splice(2) */
};

/* ---- pipes ---- */

static int pipe_take(struct relays *relays, int pipe[static 2])
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

/* An empty one. */
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
 * The peer hears that this isn't an end like others, but not before it has what was on its way: a
 * reset would overtake it.  A close in order would make a stream that was cut off look whole.
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

/* Returns whether any is done. */
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
	END_AT_ONCE, /* a reset for each side that wasn't told the end of its stream in order */
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

/* Its memory stays until all that was ready has been seen. */
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

/* Urgent bytes are passed on as what they are among the others: a pipe knows no mark. */
static ssize_t read_past_mark(struct relays *relays, struct flow *flow)
{
	ssize_t got = recv(flow->from->fd, relays->urgent, sizeof(relays->urgent), MSG_DONTWAIT);

	/* The pipe is empty: it takes all of it. */
	return got > 0 ? write(flow->pipe[1], relays->urgent, (size_t)got) : got;
}

/*
 * ORDER: the pipe is filled only when it's empty: then EAGAIN can mean nothing but that the socket
 * has nothing.
 */
static enum pumped fill_pipe(struct relays *relays, struct flow *flow)
{
	ssize_t got;

	if (flow->pipe[0] < 0 && pipe_take(relays, flow->pipe) < 0) {
		relays->starved = true;
		return PUMP_MORE;
	}
	got = flow->urgent ? read_past_mark(relays, flow)
			   : splice(flow->from->fd, NULL, flow->pipe[1], NULL, PIPE_SIZE,
				    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	/* splice(2) stops at the mark of an urgent byte as at an end, also before EPOLLPRI tells of it. */
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
		/* A write to a socket that was reset has taken the error: what is left is an end. */
		return flow->ended && !ending_is_orderly(flow->from->fd, flow->received)
			       ? PUMP_BROKEN
			       : PUMP_MORE;
	}
	flow->held = (size_t)got;
	flow->received += (uint32_t)got;
	return PUMP_MORE;
}

/* What @to doesn't take isn't asked for any more; what it has to say is another matter. */
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
 * ORDER: both directions, before a failure of one ends the other: what a peer had sent before it
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
	/* One that had said its end before has no error to be read: the other side would wait for ever. */
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

/* What listens in one family only is reached from the other too, as on a host without the other. */
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
	/* A client that has gone without a word is noticed in the end. */
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
 * The container has ended.  What its server had sent is still on its way, as the network namespace
 * is there while we are: it is passed on as far as the client takes it now.
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
		/* One that has ended since has no socket any more. */
		if (relay->client.fd >= 0)
			relay_pump(relay);
	}
	return free_ended_relays(relays) || any;
}
