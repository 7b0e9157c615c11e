// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: urun-slirp.
 *
 * The one loop of urun-slirp, a process with a single thread, in namespaces of its own and with the
 * host's network.
 *
 *   kernel ── tap0 ─▶ drain_tap() ─▶ frame_from_container() ─▶ ┬ syn_queue ┐
 *                                                              ├ fragments │
 *                                                              ├ dns       │
 *                                                              └───────────┴▶ libslirp ── sockets
 *   kernel ◀─ tap0 ── send_frame() ◀── frame_to_container() ◀─────────────────┘
 *
 * Each turn has two parts.  ask_for_events() collects what everybody waits for: libslirp tells it
 * anew in each turn, for every socket (netns/slirp/pollset.h passes only the changes on to the
 * kernel).  Then one wait, and each part serves what is ready: the tap device up to BATCH_MAX
 * frames, the DNS forwarder, libslirp's sockets and timers, connections that may begin.
 *
 * libslirp can't be called from within its own sending.  So frames that we write in the name of
 * either side (acknowledgements, resets, retransmissions) are due first and are sent by settle(),
 * outside of libslirp.
 *
 * What a hostile container can send: any frame, as fast as it likes.  Frames are checked before
 * libslirp sees them (netns/slirp/frame.h).  Frames that would make libslirp allocate memory are
 * refused while memory is short, and all frames while memory is exhausted (netns/slirp/memory.h);
 * SYNs wait in a bounded queue; fragments and DNS queries have a fixed number of places.
 *
 * What may block: the wait alone.  The tap device and all sockets are non-blocking, and a frame
 * that the device can't take is lost: TCP sends it again.
 *
 * The end.  After the container's end its kernel still sends what its programs have sent last, as
 * long as the network namespace exists, which the device's descriptor keeps.  The loop goes on
 * until all is written to the sockets, FINISH_MS at most.
 */
#include "netns/slirp/loop.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/base/str.h"
#include "netns/host_resolv.h"
#include "netns/slirp/connection.h"
#include "netns/slirp/dns.h"
#include "netns/slirp/fragment.h"
#include "netns/slirp/frame.h"
#include "netns/slirp/members.h"
#include "netns/slirp/memory.h"
#include "netns/slirp/pollset.h"
#include "netns/slirp/stack.h"
#include "netns/slirp/syn_queue.h"

/* Frames that are read from the device before the sockets have their turn. */
#define BATCH_MAX 64

/*
 * How long the loop goes on after the container's end, until what its programs have sent last is
 * out: the kernel goes on sending for them, and keeps the network namespace until then.  And how
 * often it looks.
 */
#define FINISH_MS      10000
#define FINISH_LOOK_MS 20

/*
 * The maximum of young connections (netns/slirp/connection.h) in libslirp.  It bounds the cost of a
 * burst of connections while the hosts' answers are awaited, and, where memory is tight, how much
 * that cost can grow before it is noticed.  No connection is young for long, so hosts that don't
 * answer don't delay the others.
 */
#define YOUNG_MAX	128
#define YOUNG_TIGHT_MAX 32
/* If each of more connections than this receives 64 KiB, memory will be tight. */
#define UNSERVED_MAX 256
/* How often memory is looked at while SYNs wait for it. */
#define TIGHT_WAIT_MS 10

struct loop {
	const struct network_options *options;
	int tap_fd;
	struct members *members;
	int64_t now_ms; /* when the last wait ended */
	int64_t end_ms; /* CLOCK_MONOTONIC: when the loop ends at the latest; 0: not ending */
	struct pollset set;
	struct connections *connections;
	struct fragments *fragments;
	struct syn_queue syns;
	struct stack *stack;
	struct dns *dns;
	int watcher_fd; /* of the host's resolv.conf; -1: there is no watcher */
	struct memory_meter memory;
	uint8_t frame[FRAME_SIZE_MAX]; /* the frame that is on its way */
};

/* ---- to the container ---- */

/* A frame that the device can't take is lost: TCP sends it again. */
static void send_frame(const uint8_t *frame, size_t size, void *context)
{
	const struct loop *loop = context;
	struct frame_out out;
	struct iovec parts[3];

	frame_to_container(loop->options, loop->connections, frame, size, &out);
	parts[0] = (struct iovec){ &out.header, sizeof(out.header) };
	parts[1] = (struct iovec){ out.head, out.head_size };
	parts[2] =
		(struct iovec){ (uint8_t *)(uintptr_t)frame + out.replaced, size - out.replaced };
	while (writev(loop->tap_fd, parts, ARRAY_SIZE(parts)) < 0 && errno == EINTR)
		;
}

/*
 * Sends what has become due by the last frame, or by time.
 * ORDER: outside of libslirp, which can't be called from within its own sending.
 */
static void settle(struct loop *loop)
{
	uint8_t answer[HEADERS_SIZE_MAX], reset[HEADERS_SIZE_MAX];
	size_t size;

	while ((size = connections_abort(loop->connections, reset, answer)) > 0) {
		send_frame(reset, size, loop);
		stack_input(loop->stack, answer, size);
	}
	while ((size = connections_resend(loop->connections, loop->now_ms, loop->frame)) > 0)
		send_frame(loop->frame, size, loop);
	while ((size = connections_answer(loop->connections, answer)) > 0)
		stack_input(loop->stack, answer, size);
}

/* ---- from the container ---- */

static void pass_to_stack(struct loop *loop, const struct layout *layout, uint8_t *frame,
			  size_t size)
{
	if (dns_take(loop->dns, &loop->set, layout, frame, loop->now_ms))
		return;
	if (connections_from_container(loop->connections, layout, frame))
		stack_input(loop->stack, frame, size);
	settle(loop);
}

/* A reassembled datagram has its checksum, so its header says nothing of one. */
static void take_fragment(struct loop *loop, const struct layout *layout)
{
	const struct virtio_net_hdr none = { 0 };
	struct layout whole;
	size_t size;
	uint8_t *frame = fragments_add(loop->fragments, layout, loop->frame, &size);

	if (frame &&
	    frame_from_container(loop->options, &none, frame, size, &whole) != FRAME_REFUSED)
		pass_to_stack(loop, &whole, frame, size);
}

static void take_frame(struct loop *loop, const struct virtio_net_hdr *header, size_t size)
{
	enum memory_state memory = memory_state(&loop->memory);
	struct layout layout;
	enum frame_kind kind;

	if (memory == MEMORY_EXHAUSTED)
		return;
	kind = frame_from_container(loop->options, header, loop->frame, size, &layout);
	if (kind == FRAME_COSTLY && syn_can_wait(&layout, loop->frame) &&
	    !connections_has(loop->connections, &layout, loop->frame)) {
		syn_queue_add(&loop->syns, &layout, loop->frame);
		return;
	}
	if (kind == FRAME_REFUSED || (kind != FRAME_PLAIN && memory == MEMORY_SHORT))
		return;
	/* A SYN that can't wait, such as one with data. */
	if (kind == FRAME_COSTLY && layout.tcp_size > 0)
		memory_begin(&loop->memory, connections_count(loop->connections));
	if (kind == FRAME_FRAGMENT)
		take_fragment(loop, &layout);
	else
		pass_to_stack(loop, &layout, loop->frame, size);
}

static size_t young_max(struct loop *loop)
{
	switch (memory_state(&loop->memory)) {
	case MEMORY_PLENTY:
		return connections_unserved(loop->connections) > UNSERVED_MAX ? YOUNG_TIGHT_MAX
									      : YOUNG_MAX;
	case MEMORY_TIGHT: return YOUNG_TIGHT_MAX;
	default: return 0;
	}
}

static void begin_connections(struct loop *loop)
{
	struct syn syn;
	int wait_ms;

	while (loop->syns.count > 0 &&
	       connections_young(loop->connections, loop->now_ms, &wait_ms) < young_max(loop) &&
	       syn_queue_take(&loop->syns, &syn)) {
		memory_begin(&loop->memory, connections_count(loop->connections));
		pass_to_stack(loop, &syn.layout, syn.frame, syn.size);
	}
}

/* The time in ms until begin_connections() may have something to do; -1: no SYN waits. */
static int until_beginning(struct loop *loop)
{
	int wait_ms;

	if (loop->syns.count == 0)
		return -1;
	connections_young(loop->connections, loop->now_ms, &wait_ms);
	return wait_ms < 0 || wait_ms > TIGHT_WAIT_MS ? TIGHT_WAIT_MS : wait_ms;
}

/* Returns false when the device is gone. */
static bool drain_tap(struct loop *loop)
{
	for (int i = 0; i < BATCH_MAX; i++) {
		struct virtio_net_hdr header;
		struct iovec parts[] = { { &header, sizeof(header) },
					 { loop->frame, sizeof(loop->frame) } };
		ssize_t got = readv(loop->tap_fd, parts, ARRAY_SIZE(parts));

		/* A packet socket has lost a frame that its header can't describe, such as a segment of SCTP. */
		if (got < 0 && errno == EINVAL)
			continue;
		if (got < 0)
			return errno == EAGAIN || errno == EINTR;
		if ((size_t)got > sizeof(header))
			take_frame(loop, &header, (size_t)got - sizeof(header));
	}
	return true;
}

/* ---- the loop ---- */

/*
 * Uses the host's name servers, and passes the rest of its resolv.conf on to the container's file.
 */
static void use_host_resolv(struct loop *loop, const char *text, size_t size)
{
	struct resolv_servers servers;

	resolv_parse_servers(text, size, &servers);
	dns_set_servers(loop->dns, &loop->set, &servers, clock_ms());
	if (loop->members)
		members_update_resolv(loop->members, loop->options, text, size);
}

static void hear_watcher(struct loop *loop)
{
	uint32_t events = 0;
	char *text;
	ssize_t size;

	if (loop->watcher_fd >= 0)
		events = pollset_returned(&loop->set, loop->watcher_fd);
	if (!events)
		return;
	size = host_resolv_hear(loop->watcher_fd, events & EPOLLHUP, &text);
	if (size < 0) {
		pollset_forget(&loop->set, loop->watcher_fd);
		fd_close(&loop->watcher_fd);
		return;
	}
	use_host_resolv(loop, text, (size_t)size);
	free(text);
}

struct loop *loop_new(const struct network_options *options, int watcher_fd, struct error *err)
{
	struct loop *loop = mem_alloc(sizeof(*loop));
	autofree char *text = NULL;
	size_t size = 0;

	loop->options = options;
	loop->tap_fd = -1;
	loop->set = POLLSET_NONE;
	loop->connections = connections_new();
	loop->fragments = fragments_new();
	loop->dns = dns_new(options, send_frame, loop);
	loop->watcher_fd = watcher_fd;
	memory_open(&loop->memory);
	if (pollset_open(&loop->set, err) == 0)
		loop->stack =
			stack_new(options, &loop->set, loop->connections, send_frame, loop, err);
	resolv_read_host(&text, &size);
	use_host_resolv(loop, text, size);
	if (loop->stack)
		return loop;
	loop_free(loop);
	return NULL;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	members_free(loop->members, &loop->set);
	stack_free(loop->stack);
	fragments_free(loop->fragments);
	syn_queue_release(&loop->syns);
	connections_free(loop->connections);
	dns_free(loop->dns);
	pollset_close(&loop->set);
	memory_close(&loop->memory);
	free(loop);
}

/*
 * Sends the windows and acknowledgements that the container waits for.  Returns false if libslirp
 * was given a frame, after which it may wait for something else.
 */
static bool tell_container(struct loop *loop)
{
	uint8_t frame[HEADERS_SIZE_MAX];
	bool was_asked = false;
	size_t size;

	while ((size = connections_ask(loop->connections, frame)) > 0) {
		stack_input(loop->stack, frame, size);
		was_asked = true;
	}
	while ((size = connections_tell(loop->connections, frame)) > 0)
		send_frame(frame, size, loop);
	while ((size = connections_finish(loop->connections, frame)) > 0)
		stack_input(loop->stack, frame, size);
	if (was_asked)
		settle(loop);
	return !was_asked;
}

/*
 * Collects the descriptors to wait for.  Returns how long the wait may take, in ms; -1: for ever.
 */
static int ask_for_events(struct loop *loop)
{
	bool is_tight;
	int timeout;

	if (stack_has_grown(loop->stack))
		memory_look(&loop->memory);
	is_tight = memory_state(&loop->memory) != MEMORY_PLENTY;
	do {
		pollset_begin(&loop->set);
		members_ask(loop->members, &loop->set);
		pollset_ask(&loop->set, loop->tap_fd, EPOLLIN);
		if (loop->watcher_fd >= 0)
			pollset_ask(&loop->set, loop->watcher_fd, EPOLLIN);
		dns_ask(loop->dns, &loop->set);
		timeout = stack_ask(loop->stack, is_tight);
		pollset_end(&loop->set);
	} while (!tell_container(loop));
	timeout = clock_sooner(timeout, connections_timeout(loop->connections, clock_ms()));
	timeout = clock_sooner(timeout, until_beginning(loop));
	timeout = clock_sooner(timeout, dns_timeout(loop->dns, clock_ms()));
	timeout = clock_sooner(timeout, memory_timeout(&loop->memory, clock_ms()));
	return loop->end_ms ? clock_sooner(timeout, FINISH_LOOK_MS) : timeout;
}

/*
 * The network ends with its last member.  While what the last one sent still goes out, another
 * container may join: then the loop goes on.
 */
static void hear_members(struct loop *loop)
{
	members_run(loop->members, &loop->set);
	if (members_are_left(loop->members))
		loop->end_ms = 0;
	else if (!loop->end_ms)
		loop->end_ms = loop->now_ms + FINISH_MS;
}

int loop_run(struct loop *loop, const struct loop_files *files, struct error *err)
{
	loop->tap_fd = files->tap;
	loop->members = files->members;
	dns_serve_stack(loop->dns, files->stack_resolv, clock_ms());
	for (;;) {
		int ready = pollset_wait(&loop->set, ask_for_events(loop));
		bool tap_returned;

		loop->now_ms = clock_ms();
		if (ready < 0 && ready != -EINTR)
			return error_set(err, -ready, "wait for packets");
		tap_returned = pollset_returned(&loop->set, loop->tap_fd);
		hear_members(loop);
		/* All containers have ended, and all that they sent is out, or their time is over. */
		if (loop->end_ms &&
		    (loop->now_ms >= loop->end_ms ||
		     (!tap_returned && connections_are_finished(loop->connections))))
			break;
		if (tap_returned && !drain_tap(loop))
			break;
		hear_watcher(loop);
		dns_run(loop->dns, &loop->set, loop->now_ms);
		stack_run(loop->stack);
		settle(loop);
		begin_connections(loop);
		memory_turn(&loop->memory, connections_count(loop->connections), ready > 0,
			    loop->now_ms);
	}
	connections_reset_unfinished(loop->connections);
	return 0;
}
