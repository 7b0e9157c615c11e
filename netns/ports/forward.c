// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: urun-port.
 *
 * The one loop of urun-port, a process with a single thread.
 *
 *     host's network namespace     │  urun-port, in the container's network namespace
 *   ───────────────────────────────┼───────────────────────────────────────────────────────────
 *   urun ── control socket ────────┼─▶ struct control: requests of netns/ports/port.h
 *   TCP client ── listening socket ┼─▶ struct port ─ accept ─▶ struct relay ─▶ container's program
 *   UDP client ── bound socket ────┼─▶ struct port ──────────▶ struct client ▶ container's program
 *   first processes ── pidfds ─────┼─▶ the end of the last one is the end
 *
 * urun opens the listening and the bound sockets in the host's network namespace and hands them
 * over (PORT_ADD).  A socket belongs for ever to the namespace in which it was made, so urun-port
 * accepts clients of the host with them, although it can't make a socket there itself.
 *
 * Everything waits in one epoll descriptor.  Each descriptor has a struct watch in the object that
 * it belongs to.  While the events of one wait are served, an object may end that another event of
 * the same wait still points to: such an object loses its descriptor and its function, and its
 * memory is freed after the last event (free_removed(), relays_run(), datagrams_run()).
 *
 * What a client in the network can do: open connections and leave them idle.  Connections are
 * limited to a third of our descriptors (relays_are_full()), since each takes two sockets, and up
 * to two pipes while bytes are in them.  Beyond that clients wait in the listening sockets' queues,
 * which the kernel bounds, for REFUSE_MS, and are reset then.  UDP clients have an eighth.  What
 * remains is for control connections, whose socket only the same user can open.
 *
 * What a hostile container can do: send bytes, read none (a zero window), reset, or refuse its own
 * connections.  It can't reach the control socket, and each connection has a bounded turn, so it
 * delays no other connection.
 *
 * What may block: epoll_wait(2) alone.  Every socket and pipe is non-blocking, and the answer to a
 * request is dropped, with its connection, if the peer doesn't read.
 */
#include "netns/ports/forward.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/base/rights.h"
#include "core/base/str.h"
#include "netns/ending.h"
#include "netns/ports/datagram.h"
#include "netns/ports/port.h"
#include "netns/ports/relay.h"
#include "netns/ports/watch.h"

/* Events that one wait returns; further ones are returned by the next wait. */
#define READY_MAX 256
/*
 * Connections that are accepted from one port in a turn, so that no port keeps the others waiting.
 */
#define ACCEPT_MAX 64
#define PAUSE_MS   200
/*
 * If there are no descriptors for more connections, clients that wait in a port's queue are reset
 * after this time, so that no client waits for ever.
 */
#define REFUSE_MS 3000

/*
 * The part of our descriptors that connections may use (one in three), and clients of UDP ports
 * (one in eight).  A connection takes two descriptors, and two more for each direction that has
 * bytes on their way.
 */
#define RELAYS_PART  3
#define CLIENTS_PART 8

struct port {
	struct forward *forward;
	struct port *next;
	struct watch host;
	struct port_entry entry;
	int64_t full_since_ms; /* since when connections wait for others to end; 0: none waits */
};

/* A connection to the control socket. */
struct control {
	struct forward *forward;
	struct control *next;
	struct watch watch;
};

/* A container that has the ports: the one that urun-port was started for, or one that joined. */
struct life {
	struct forward *forward;
	struct life *next;
	struct watch watch; /* its first process's pidfd */
};

struct forward {
	int epoll;
	const struct source *source;
	struct relays *relays;
	struct datagrams *datagrams;
	struct watch listener;
	struct life *lives, *ended_lives;
	struct port *ports, *removed_ports;
	size_t port_count;
	struct control *controls, *closed_controls;
	/*
	 * No connection is accepted before this time, unless one has ended; 0: there are
	 * descriptors.
	 */
	int64_t paused_until_ms;
	bool ended;
};

/* ---- ports ---- */

static bool is_out_of_resources(int errnum)
{
	return errnum == EMFILE || errnum == ENFILE || errnum == ENOBUFS || errnum == ENOMEM;
}

static void watch_streams(struct forward *forward, uint32_t events)
{
	for (struct port *port = forward->ports; port; port = port->next)
		if (port->entry.protocol == IPPROTO_TCP)
			watch_change(forward->epoll, &port->host, events);
}

/*
 * Connections that can't be accepted wait in their sockets' queues.  We try again after a while, or
 * when a connection has ended.
 */
static void pause_accepting(struct forward *forward)
{
	forward->paused_until_ms = clock_ms() + PAUSE_MS;
	watch_streams(forward, 0);
}

/*
 * There are no descriptors for the connections that wait in the port's queue: resets them if they
 * have waited too long.
 */
static void wait_or_refuse(struct port *port)
{
	int64_t now = clock_ms();

	if (!port->full_since_ms)
		port->full_since_ms = now;
	if (now - port->full_since_ms < REFUSE_MS) {
		pause_accepting(port->forward);
		return;
	}
	for (int i = 0; i < ACCEPT_MAX; i++) {
		int fd = accept4(port->host.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0) {
			port->full_since_ms = 0;
			return;
		}
		ending_reset(fd);
		fd_close(&fd);
	}
}

static void stream_ready(struct watch *watch, uint32_t events)
{
	struct port *port = watch_owner(watch, struct port, host);
	struct forward *forward = port->forward;

	(void)events;
	for (int i = 0; i < ACCEPT_MAX; i++) {
		union publish_address address = { 0 };
		socklen_t size = sizeof(address);
		int fd;

		if (relays_are_full(forward->relays)) {
			wait_or_refuse(port);
			return;
		}
		fd = accept4(watch->fd, &address.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			port->full_since_ms = 0;
			relays_add(forward->relays, fd, &address, port->entry.container_port);
			continue;
		}
		if (is_out_of_resources(errno))
			pause_accepting(forward);
		if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

static void datagram_ready(struct watch *watch, uint32_t events)
{
	struct port *port = watch_owner(watch, struct port, host);

	(void)events;
	datagrams_take(port->forward->datagrams, watch->fd, port->entry.host.any.sa_family,
		       port->entry.container_port);
}

/* Takes over *fd on success.  Returns 0 or a negative errno. */
static int add_port(struct forward *forward, const struct port_entry *entry, int *fd)
{
	bool udp = entry->protocol == IPPROTO_UDP;
	struct port *port;

	if (*fd < 0)
		return -EBADF;
	if (forward->port_count == PORT_COUNT_MAX)
		return -ENOSPC;
	port = mem_alloc(sizeof(*port));
	port->forward = forward;
	port->entry = *entry;
	port->host = (struct watch){ .fd = *fd, .ready = udp ? datagram_ready : stream_ready };
	if (watch_add(forward->epoll, &port->host, EPOLLIN) < 0) {
		free(port);
		return -errno;
	}
	take_fd(fd);
	port->next = forward->ports;
	forward->ports = port;
	forward->port_count++;
	return 0;
}

/*
 * Connections that were accepted go on.  The clients of a UDP port end, since their replies need
 * the socket.
 */
static void remove_port(struct forward *forward, struct port **link)
{
	struct port *port = *link;

	if (port->entry.protocol == IPPROTO_UDP)
		datagrams_forget(forward->datagrams, port->host.fd);
	watch_remove(forward->epoll, &port->host);
	fd_close(&port->host.fd);
	port->host.ready = NULL;
	*link = port->next;
	port->next = forward->removed_ports;
	forward->removed_ports = port;
	forward->port_count--;
}

static int remove_entry(struct forward *forward, const struct port_entry *entry)
{
	for (struct port **link = &forward->ports; *link; link = &(*link)->next) {
		const struct port_entry *its = &(*link)->entry;

		if (its->protocol == entry->protocol &&
		    (entry->container_port == 0 || its->container_port == entry->container_port) &&
		    publish_is_same_address(&its->host, &entry->host)) {
			remove_port(forward, link);
			return 0;
		}
	}
	return -ENOENT;
}

static void remove_all(struct forward *forward)
{
	while (forward->ports)
		remove_port(forward, &forward->ports);
}

/* ---- what is asked ---- */

/*
 * Returns 0 or a negative errno.  On failure the caller closes the connection, so that the peer
 * doesn't wait for the answer.
 */
static int send_answer(int fd, int failed, const struct port_entry *entries, size_t count)
{
	struct port_answer answer = { .errnum = -failed };
	struct iovec parts[] = { { &answer, sizeof(answer) },
				 { (void *)(uintptr_t)entries, count * sizeof(*entries) } };
	ssize_t sent = rights_send(fd, parts, count ? 2 : 1, NULL, 0);

	return sent < 0 ? (int)sent : 0;
}

/* Sends the ports in the order in which they were added. */
static int answer_list(struct forward *forward, int fd)
{
	struct port_entry *entries = mem_alloc((forward->port_count + 1) * sizeof(*entries));
	size_t i = forward->port_count;
	int failed;

	for (struct port *port = forward->ports; port; port = port->next)
		entries[--i] = port->entry;
	failed = send_answer(fd, 0, entries, forward->port_count);
	free(entries);
	return failed;
}

static void close_control(struct control *control)
{
	struct control **link = &control->forward->controls;

	while (*link != control)
		link = &(*link)->next;
	*link = control->next;
	fd_close(&control->watch.fd);
	control->watch.ready = NULL;
	control->next = control->forward->closed_controls;
	control->forward->closed_controls = control;
}

static void life_ready(struct watch *watch, uint32_t events);

/* Returns 0 or a negative errno.  Takes over *fd on success. */
static int add_life(struct forward *forward, int *fd)
{
	struct life *life;

	if (*fd < 0)
		return -EBADF;
	life = mem_alloc(sizeof(*life));
	life->forward = forward;
	life->watch = (struct watch){ .fd = *fd, .ready = life_ready };
	if (watch_add(forward->epoll, &life->watch, EPOLLIN) < 0) {
		free(life);
		return -errno;
	}
	take_fd(fd);
	life->next = forward->lives;
	forward->lives = life;
	return 0;
}

static void remove_life(struct forward *forward, struct life **link)
{
	struct life *life = *link;

	watch_remove(forward->epoll, &life->watch);
	fd_close(&life->watch.fd);
	life->watch.ready = NULL;
	*link = life->next;
	life->next = forward->ended_lives;
	forward->ended_lives = life;
}

/* Is there a process for which we serve?  Not every end was reported by epoll yet. */
static bool is_needed(struct forward *forward)
{
	struct life **link = &forward->lives;

	while (*link) {
		struct pollfd end = { .fd = (*link)->watch.fd, .events = POLLIN };

		if (poll(&end, 1, 0) > 0)
			remove_life(forward, link);
		else
			link = &(*link)->next;
	}
	return forward->lives != NULL;
}

static void life_ready(struct watch *watch, uint32_t events)
{
	struct forward *forward = watch_owner(watch, struct life, watch)->forward;

	(void)events;
	if (!is_needed(forward))
		forward->ended = true;
}

static void control_ready(struct watch *watch, uint32_t events)
{
	struct control *control = watch_owner(watch, struct control, watch);
	struct forward *forward = control->forward;
	struct port_question question;
	struct iovec part = { &question, sizeof(question) };
	autoclose int fd = -1;
	size_t count;
	ssize_t got = rights_receive(watch->fd, &part, 1, MSG_DONTWAIT, &fd, 1, &count);
	int failed = 0;

	(void)events;
	if (got == -EAGAIN)
		return;
	if (got != (ssize_t)sizeof(question)) {
		if (got < 0)
			send_answer(watch->fd, (int)got, NULL, 0);
		close_control(control);
		return;
	}
	switch (question.kind) {
	case PORT_ADD:
		failed = send_answer(watch->fd, add_port(forward, &question.entry, &fd), NULL, 0);
		break;
	case PORT_REMOVE:
		failed = send_answer(watch->fd, remove_entry(forward, &question.entry), NULL, 0);
		break;
	case PORT_LIST: failed = answer_list(forward, watch->fd); break;
	case PORT_END:
		/*
		 * ORDER: the ports are closed first: the end of the connection says that the
		 * addresses are free.
		 */
		if (!is_needed(forward)) {
			remove_all(forward);
			forward->ended = true;
		}
		close_control(control);
		break;
	case PORT_JOIN: failed = send_answer(watch->fd, add_life(forward, &fd), NULL, 0); break;
	default: failed = send_answer(watch->fd, -EINVAL, NULL, 0);
	}
	if (failed < 0)
		close_control(control);
}

static void listener_ready(struct watch *watch, uint32_t events)
{
	struct forward *forward = watch_owner(watch, struct forward, listener);
	int fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct control *control;

	(void)events;
	if (fd < 0 && is_out_of_resources(errno)) {
		pause_accepting(forward);
		watch_change(forward->epoll, &forward->listener, 0);
	}
	if (fd < 0)
		return;
	control = mem_alloc(sizeof(*control));
	control->forward = forward;
	control->watch = (struct watch){ .fd = fd, .ready = control_ready };
	control->next = forward->controls;
	forward->controls = control;
	if (watch_add(forward->epoll, &control->watch, EPOLLIN) < 0) {
		send_answer(fd, -errno, NULL, 0);
		close_control(control);
	}
}

/* ---- the loop ---- */

/* Connections and UDP clients leave descriptors for each other, and for control connections. */
static size_t share_of_limit(unsigned int part)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 1;
	return (size_t)(limit.rlim_max / part) + 1;
}

struct forward *forward_new(const struct source *source, struct error *err)
{
	struct forward *forward = mem_alloc(sizeof(*forward));

	forward->source = source;
	forward->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (forward->epoll < 0) {
		error_set(err, errno, "make an epoll descriptor");
		free(forward);
		return NULL;
	}
	forward->relays = relays_new(forward->epoll, source, share_of_limit(RELAYS_PART));
	forward->datagrams = datagrams_new(forward->epoll, source, share_of_limit(CLIENTS_PART));
	return forward;
}

/* Frees what has ended in this round: no event points to it any more. */
static void free_removed(struct forward *forward)
{
	while (forward->removed_ports) {
		struct port *port = forward->removed_ports;

		forward->removed_ports = port->next;
		free(port);
	}
	while (forward->closed_controls) {
		struct control *control = forward->closed_controls;

		forward->closed_controls = control->next;
		free(control);
	}
	while (forward->ended_lives) {
		struct life *life = forward->ended_lives;

		forward->ended_lives = life->next;
		free(life);
	}
}

static int run_once(struct forward *forward)
{
	struct epoll_event events[READY_MAX];
	int timeout = clock_sooner(relays_timeout(forward->relays),
				   datagrams_timeout(forward->datagrams));
	bool freed;
	int count;

	if (forward->paused_until_ms) {
		int64_t pause = forward->paused_until_ms - clock_ms();

		timeout = clock_sooner(timeout, pause > 0 ? (int)pause : 0);
	}
	count = epoll_wait(forward->epoll, events, READY_MAX, timeout);
	if (count < 0 && errno != EINTR)
		return -errno;
	for (int i = 0; i < count; i++) {
		struct watch *watch = events[i].data.ptr;

		if (watch->ready)
			watch->ready(watch, events[i].events);
	}
	freed = relays_run(forward->relays);
	if (forward->paused_until_ms && (freed || clock_ms() >= forward->paused_until_ms)) {
		forward->paused_until_ms = 0;
		watch_streams(forward, EPOLLIN);
		watch_change(forward->epoll, &forward->listener, EPOLLIN);
	}
	datagrams_run(forward->datagrams);
	free_removed(forward);
	return 0;
}

int forward_begin(struct forward *forward, int life_fd, int control_fd, struct error *err)
{
	int failed = add_life(forward, &life_fd);

	forward->listener = (struct watch){ .fd = control_fd, .ready = listener_ready };
	if (failed < 0)
		errno = -failed;
	if (failed < 0 || watch_add(forward->epoll, &forward->listener, EPOLLIN) < 0)
		return error_set(err, errno, "wait for connections");
	return 0;
}

int forward_run(struct forward *forward, struct error *err)
{
	while (!forward->ended) {
		int failed = run_once(forward);

		if (failed < 0)
			return error_set(err, -failed, "wait for connections");
	}
	return 0;
}

void forward_free(struct forward *forward)
{
	if (!forward)
		return;
	remove_all(forward);
	while (forward->controls)
		close_control(forward->controls);
	while (forward->lives)
		remove_life(forward, &forward->lives);
	free_removed(forward);
	relays_free(forward->relays);
	datagrams_free(forward->datagrams);
	fd_close(&forward->epoll);
	free(forward);
}
