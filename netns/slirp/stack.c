// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: urun-slirp.
 *
 * The only file that calls libslirp, and that libslirp calls.
 *
 * libslirp ends the container's TCP, UDP and ICMP, and opens an ordinary socket of the host for
 * each connection.  It has no loop of its own.  We call it:
 *   slirp_input()           a frame from the container
 *   slirp_pollfds_fill()    it tells for each socket what it waits for: on_ask()
 *   slirp_pollfds_poll()    it asks for each socket what is ready: on_returned()
 * It calls us for a frame to the container (on_send()), for the clock and its timers, and when it
 * opens or closes a socket (on_register(), on_unregister()), by which netns/slirp/connection.h
 * knows the connections.
 *
 * libslirp is a large C library which parses what the container writes: it is the part that a
 * hostile container attacks.  So it is given only frames that netns/slirp/frame.h has accepted, no
 * fragments, and memory runs out in our terms, not in its own.  If it is taken over all the same,
 * netns/sandbox.c says what remains.
 *
 * What it is not told, to keep its behaviour within what we know: the device's MTU, errors of
 * sockets that still have bytes to be read, and first reads that netns/slirp/read_gate.h puts off.
 *
 * What may block: nothing.  libslirp's sockets are non-blocking.
 */
#include "netns/slirp/stack.h"

#include <limits.h>
#include <slirp/libslirp.h>
#include <string.h>
#include <sys/epoll.h>

#include "core/base/clock.h"
#include "core/base/str.h"
#include "netns/ending.h"
#include "netns/slirp/read_gate.h"

/*
 * The largest packet that libslirp accepts.  libslirp is told this as the MTU, whatever the
 * device's is: the container's kernel cuts what is larger, or needn't, if the packet ends in the
 * container.
 */
#define STACK_MTU 65521

/* libslirp asks to be called at least once a second, even with nothing to do. */
#define IDLE_MS 1000

#define TIMERS_MAX 4

struct timer {
	SlirpTimerCb call;
	void *context;
	int64_t due_ms; /* CLOCK_MONOTONIC; INT64_MAX: not set */
};

struct stack {
	Slirp *slirp;
	struct pollset *set;
	struct connections *connections;
	struct read_gate gate;
	stack_send *send;
	void *context;
	struct timer timers[TIMERS_MAX];
	struct sockaddr_in outbound4;
	struct sockaddr_in6 outbound6;
};

/* ---- what libslirp calls ---- */

static ssize_t on_send(const void *frame, size_t size, void *context)
{
	struct stack *stack = context;

	stack->send(frame, size, stack->context);
	return (ssize_t)size;
}

/* The container's own fault isn't logged: the container could fill the log. */
static void on_guest_error(const char *text, void *context)
{
	(void)text;
	(void)context;
}

static int64_t on_clock(void *context)
{
	(void)context;
	return clock_ns();
}

static void *on_timer_new(SlirpTimerCb call, void *call_context, void *context)
{
	struct stack *stack = context;

	for (size_t i = 0; i < TIMERS_MAX; i++)
		if (!stack->timers[i].call) {
			stack->timers[i] = (struct timer){ call, call_context, INT64_MAX };
			return &stack->timers[i];
		}
	return NULL;
}

static void on_timer_free(void *timer, void *context)
{
	(void)context;
	if (timer)
		*(struct timer *)timer = (struct timer){ .due_ms = INT64_MAX };
}

static void on_timer_set(void *timer, int64_t due_ms, void *context)
{
	(void)context;
	if (timer)
		((struct timer *)timer)->due_ms = due_ms;
}

static void on_register(int fd, void *context)
{
	struct stack *stack = context;

	connections_opened(stack->connections, fd);
}

static void on_unregister(int fd, void *context)
{
	struct stack *stack = context;

	if (fd < 0)
		return;
	/* libslirp always closes in order: here a reset is passed on as a reset. */
	if (connections_is_reset(stack->connections, fd))
		ending_reset(fd);
	connections_closed(stack->connections, fd);
	read_gate_closed(&stack->gate, fd);
	pollset_forget(stack->set, fd);
}

/* Wakes the loop.  There is one thread, which is awake when this is called. */
static void on_notify(void *context)
{
	(void)context;
}

static const SlirpCb callbacks = {
	.send_packet = on_send,
	.guest_error = on_guest_error,
	.clock_get_ns = on_clock,
	.timer_new = on_timer_new,
	.timer_free = on_timer_free,
	.timer_mod = on_timer_set,
	.register_poll_fd = on_register,
	.unregister_poll_fd = on_unregister,
	.notify = on_notify,
};

/* ---- the stack ---- */

/* libslirp keeps the pointers in its config, so the addresses are members of the stack. */
static void use_outbound(struct stack *stack, const struct network_options *options,
			 SlirpConfig *config)
{
	if (options->has_outbound4) {
		stack->outbound4.sin_family = AF_INET;
		stack->outbound4.sin_addr = options->outbound4;
		config->outbound_addr = &stack->outbound4;
	}
	if (options->has_outbound6) {
		stack->outbound6.sin6_family = AF_INET6;
		stack->outbound6.sin6_addr = options->outbound6;
		config->outbound_addr6 = &stack->outbound6;
	}
}

struct stack *stack_new(const struct network_options *options, struct pollset *set,
			struct connections *connections, stack_send *send, void *context,
			struct error *err)
{
	struct stack *stack = mem_alloc(sizeof(*stack));
	SlirpConfig config = {
		.version = 4,
		.in_enabled = true,
		.vnetwork = options->v4.base,
		.vnetmask = options->v4.mask,
		.vhost = options->v4.host,
		.vdhcp_start = options->v4.guest,
		.vnameserver = options->v4.dns,
		.in6_enabled = options->ipv6,
		.vprefix_addr6 = options->v6.base,
		.vprefix_len = (uint8_t)options->v6.prefix,
		.vhost6 = options->v6.host,
		.vnameserver6 = options->v6.dns,
		.if_mtu = STACK_MTU,
		.if_mru = STACK_MTU,
		.disable_host_loopback = !options->host_loopback,
		.disable_dhcp = true,
	};

	*stack = (struct stack){
		.set = set, .connections = connections, .send = send, .context = context
	};
	use_outbound(stack, options, &config);
	stack->slirp = slirp_new(&config, &callbacks, stack);
	if (!stack->slirp) {
		free(stack);
		error_set(err, 0, "libslirp %s refuses its settings", slirp_version_string());
		return NULL;
	}
	return stack;
}

void stack_free(struct stack *stack)
{
	if (!stack)
		return;
	slirp_cleanup(stack->slirp);
	read_gate_release(&stack->gate);
	free(stack);
}

void stack_input(struct stack *stack, const uint8_t *frame, size_t size)
{
	slirp_input(stack->slirp, frame, (int)size);
	connections_settle(stack->connections);
}

/* ---- waiting ---- */

static int on_ask(int fd, int events, void *context)
{
	struct stack *stack = context;
	uint32_t asked = 0;

	/* epoll reports errors, and a closed peer, without being asked. */
	if (events & SLIRP_POLL_IN)
		asked |= EPOLLIN;
	if (events & SLIRP_POLL_OUT)
		asked |= EPOLLOUT;
	if (events & SLIRP_POLL_PRI)
		asked |= EPOLLPRI;
	connections_waits(stack->connections, fd, events & SLIRP_POLL_OUT);
	if (read_gate_holds(&stack->gate, fd)) {
		/* Errors are reported without being asked, and must be met by a read. */
		if (!(events & SLIRP_POLL_OUT))
			return fd;
		read_gate_free(&stack->gate, fd);
	}
	pollset_ask(stack->set, fd, asked);
	return fd;
}

static int on_returned(int fd, void *context)
{
	struct stack *stack = context;
	uint32_t returned = pollset_returned(stack->set, fd);
	int events = 0;

	if (returned & EPOLLIN)
		events |= SLIRP_POLL_IN;
	if (returned & EPOLLOUT)
		events |= SLIRP_POLL_OUT;
	if (returned & EPOLLPRI)
		events |= SLIRP_POLL_PRI;
	/*
	 * If libslirp is told of an error, it reads and then writes, even with nothing to write:
	 * the write takes the error from the socket, and libslirp ends the connection in order.  It
	 * also reads without having room, which aborts the program.  A read alone first returns all
	 * that had arrived, then the error.
	 */
	if (connections_is_open(stack->connections, fd)) {
		if (events == SLIRP_POLL_IN && !read_gate_pass(&stack->gate, fd))
			return 0;
		return returned & EPOLLERR && events & SLIRP_POLL_IN ? events & ~SLIRP_POLL_OUT
								     : events;
	}
	if (returned & EPOLLERR)
		events |= SLIRP_POLL_ERR;
	if (returned & EPOLLHUP)
		events |= SLIRP_POLL_HUP;
	return events;
}

/* The timers are router advertisements: minutes away, and none without IPv6. */
static int64_t until_timer_ms(const struct stack *stack)
{
	int64_t due = INT64_MAX, now;

	for (size_t i = 0; i < TIMERS_MAX; i++)
		if (stack->timers[i].call && stack->timers[i].due_ms < due)
			due = stack->timers[i].due_ms;
	if (due == INT64_MAX)
		return INT64_MAX;
	now = clock_ms();
	return due > now ? due - now : 0;
}

bool stack_has_grown(const struct stack *stack)
{
	return stack->gate.has_passed;
}

int stack_ask(struct stack *stack, bool is_tight)
{
	uint32_t timeout = UINT32_MAX;
	int64_t timer = until_timer_ms(stack);
	int gate;

	read_gate_begin_round(&stack->gate, is_tight, clock_ms());
	connections_begin_round(stack->connections);
	slirp_pollfds_fill(stack->slirp, &timeout, on_ask, stack);
	gate = read_gate_timeout(&stack->gate);
	if (gate >= 0 && gate < timer)
		timer = gate;
	if (timeout < IDLE_MS && timeout < timer)
		return (int)timeout;
	return timer > INT_MAX ? -1 : (int)timer;
}

void stack_run(struct stack *stack)
{
	slirp_pollfds_poll(stack->slirp, 0, on_returned, stack);
	if (until_timer_ms(stack) > 0)
		return;
	for (size_t i = 0; i < TIMERS_MAX; i++) {
		struct timer *timer = &stack->timers[i];

		if (!timer->call || timer->due_ms > clock_ms())
			continue;
		timer->due_ms = INT64_MAX;
		timer->call(timer->context);
	}
}
