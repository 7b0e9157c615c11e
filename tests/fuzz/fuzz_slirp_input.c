// SPDX-License-Identifier: Apache-2.0
/*
 * A hostile container and urun-slirp with the real libslirp: any frames from the tap device, and
 * connections to servers that answer.  The sockets of libslirp are in a network namespace with a
 * loopback device alone, which the container reaches by the gateway's address.
 */
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "netns/slirp/connection.h"
#include "netns/slirp/fragment.h"
#include "netns/slirp/frame.h"
#include "netns/slirp/pollset.h"
#include "netns/slirp/stack.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/segment.h"

#define STEPS_MAX   64
#define CONNECTIONS 4
#define SERVER_PORT 80
#define DATA_MAX    60000

/* A connection as a correct container would see it. */
struct peer {
	bool ipv6;
	bool answered;	    /* a SYN, ACK was received */
	uint32_t container; /* the container's next sequence number */
	uint32_t sequence;  /* libslirp's next expected sequence number */
	int server;	    /* the server's socket, or -1 */
};

struct play {
	struct connections *connections;
	struct fragments *fragments;
	struct pollset set;
	struct stack *stack;
	struct peer peers[CONNECTIONS];
	int64_t now;
};

static struct network_options network;
static int listener = -1;

static void set_up_lo(void)
{
	autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0) {
		perror("fuzz_slirp_input: lo");
		exit(1);
	}
}

/* The socket listens for both address families. */
static void listen_for_connections(void)
{
	const struct sockaddr_in6 address = { .sin6_family = AF_INET6,
					      .sin6_port = htons(SERVER_PORT) };
	int no = 0;

	listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener < 0 || setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no)) < 0 ||
	    bind(listener, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(listener, 128) < 0) {
		perror("fuzz_slirp_input: a server");
		exit(1);
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct error err = ERROR_NONE;

	(void)argc;
	(void)argv;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) {
		perror("fuzz_slirp_input: a network namespace");
		exit(1);
	}
	set_up_lo();
	listen_for_connections();
	return network_options_parse("slirp,mtu=1500,host-loopback=yes", &network, &err);
}

/* ---- to the container ---- */

/* Notes the state of the container's connections, as its kernel would. */
static void note(struct play *play, const uint8_t *frame, size_t size)
{
	struct layout layout;
	const uint8_t *tcp;
	struct peer *peer;
	size_t index, data;
	uint32_t end;

	if (!layout_find(frame, size, &layout) || layout.tcp_size == 0)
		return;
	tcp = frame + layout.transport;
	index = (size_t)get16(tcp + TCP_TARGET) - 40000;
	if (index >= CONNECTIONS)
		return;
	peer = &play->peers[index];
	data = layout.end - layout.transport - layout.tcp_size;
	end = get32(tcp + TCP_SEQUENCE) + (uint32_t)data +
	      ((tcp[TCP_FLAGS] & (TCP_FLAG_SYN | TCP_FLAG_FIN)) ? 1 : 0);
	if (tcp[TCP_FLAGS] & TCP_FLAG_SYN || (int32_t)(end - peer->sequence) > 0)
		peer->sequence = end;
	peer->answered = peer->answered || (tcp[TCP_FLAGS] & TCP_FLAG_SYN);
}

/* The kernel receives whole frames, and no bytes beyond the input. */
static void on_send(const uint8_t *frame, size_t size, void *context)
{
	struct play *play = context;
	struct frame_out out;

	frame_to_container(&network, play->connections, frame, size, &out);
	fuzz_demand(out.replaced <= size && out.head_size <= sizeof(out.head) &&
			    out.head_size >= out.replaced,
		    "a frame for the container is whole");
	fuzz_demand(!out.header.flags ||
			    (size_t)out.header.csum_start + out.header.csum_offset + 2 <=
				    out.head_size,
		    "a checksum that is left out is in the headers");
	note(play, frame, size);
}

/* ---- from the container ---- */

/* Does what the loop does with a frame. */
static void take(struct play *play, const struct virtio_net_hdr *header, uint8_t *frame,
		 size_t size)
{
	const struct virtio_net_hdr none = { 0 };
	struct layout layout;
	enum frame_kind kind = frame_from_container(&network, header, frame, size, &layout);

	if (kind == FRAME_FRAGMENT) {
		frame = fragments_add(play->fragments, &layout, frame, &size);
		kind = frame ? frame_from_container(&network, &none, frame, size, &layout)
			     : FRAME_REFUSED;
		fuzz_demand(kind != FRAME_FRAGMENT, "what was put together is no fragment");
	}
	if (kind == FRAME_REFUSED)
		return;
	if (connections_from_container(play->connections, &layout, frame))
		stack_input(play->stack, frame, size);
}

static void turn(struct play *play)
{
	static uint8_t frame[FRAME_SIZE_MAX], reset[HEADERS_SIZE_MAX];
	size_t length;

	pollset_begin(&play->set);
	/*
	 * In every second round memory is short, so that sockets wait for their turn, and then get
	 * it.
	 */
	stack_ask(play->stack, play->now % 2);
	pollset_end(&play->set);
	while ((length = connections_ask(play->connections, frame)) > 0)
		stack_input(play->stack, frame, length);
	while ((length = connections_tell(play->connections, frame)) > 0)
		on_send(frame, length, play);
	pollset_wait(&play->set, 0);
	stack_run(play->stack);
	while ((length = connections_abort(play->connections, reset, frame)) > 0) {
		on_send(reset, length, play);
		stack_input(play->stack, frame, length);
	}
	connections_timeout(play->connections, play->now);
	while ((length = connections_resend(play->connections, play->now, frame)) > 0)
		on_send(frame, length, play);
	while ((length = connections_answer(play->connections, frame)) > 0)
		stack_input(play->stack, frame, length);
}

static void send_segment(struct play *play, const struct segment *segment)
{
	/*
	 * The kernel has put the pseudo header's sum there, and leaves the checksum to the
	 * receiver.
	 */
	const struct virtio_net_hdr header = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.csum_start =
			(uint16_t)(SEGMENT_LINK_SIZE + (segment->ipv6 ? IPV6_SIZE : IPV4_SIZE)),
		.csum_offset = TCP_CHECKSUM,
	};
	size_t size = segment_head_size(segment) + segment->data_size;
	autofree uint8_t *frame = mem_alloc(size);
	struct layout layout;

	segment_write_head(segment, frame);
	fuzz_demand(layout_find(frame, size, &layout), "a segment has a layout");
	put16(frame + layout.transport + TCP_CHECKSUM, layout_pseudo_sum(&layout, frame));
	take(play, &header, frame, size);
}

static struct segment segment_of(const struct play *play, size_t index)
{
	const struct peer *peer = &play->peers[index];

	return (struct segment){
		.ipv6 = peer->ipv6,
		.network = &network,
		.peer4 = network.v4.host,
		.peer6 = network.v6.host,
		.peer_port = SERVER_PORT,
		.container_port = (uint16_t)(40000 + index),
		.sequence = peer->container,
		.ack = peer->sequence,
		.flags = TCP_FLAG_ACK,
	};
}

/*
 * libslirp sends nothing to an address whose link address it doesn't know.  So the container first
 * asks for libslirp's, as a kernel does, by ARP and by a neighbour solicitation.
 */
static void introduce(struct play *play)
{
	static const uint8_t link[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0, 0, 0, 0, 1 };
	static const uint8_t request[] = { 0, 1, 8, 0, 6, 4, 0, 1 };
	const struct virtio_net_hdr none = { 0 };
	uint8_t arp[42] = { 0 };
	uint8_t solicitation[SEGMENT_LINK_SIZE + IPV6_SIZE + 32] = { 0 };
	uint8_t *ip = solicitation + SEGMENT_LINK_SIZE, *icmp = ip + IPV6_SIZE;
	/* Length and next header of the pseudo header. */
	uint8_t pseudo[8] = { 0, 0, 0, 32, 0, 0, 0, IPPROTO_ICMPV6 };
	uint16_t sum;

	memcpy(arp, link, sizeof(link));
	put16(arp + 12, 0x0806);
	memcpy(arp + 14, request, sizeof(request));
	memcpy(arp + 22, link + 6, 6);
	memcpy(arp + 28, &network.v4.guest, 4);
	memcpy(arp + 38, &network.v4.host, 4);
	take(play, &none, arp, sizeof(arp));

	memcpy(solicitation, link, sizeof(link));
	put16(solicitation + 12, 0x86dd);
	ip[0] = 0x60;
	put16(ip + 4, 32);
	ip[6] = IPPROTO_ICMPV6;
	ip[7] = 255;
	memcpy(ip + 8, &network.v6.guest, 16);
	memcpy(ip + 24, &network.v6.host, 16);
	icmp[0] = 135;
	memcpy(icmp + 8, &network.v6.host, 16);
	icmp[24] = 1;
	icmp[25] = 1;
	memcpy(icmp + 26, link + 6, 6);
	sum = checksum_add(checksum_add(0, ip + 8, 32), pseudo, sizeof(pseudo));
	put16(icmp + 2, (uint16_t)~checksum_add(sum, icmp, 32));
	take(play, &none, solicitation, sizeof(solicitation));
}

/* ---- steps ---- */

static void raw_frame(struct play *play, struct fuzz_input *input)
{
	struct virtio_net_hdr header = { 0 };
	size_t length = fuzz_number(input, 2), header_size;
	autofree uint8_t *head = fuzz_bytes(input, sizeof(header), &header_size);
	autofree uint8_t *frame = NULL;

	memcpy(&header, head, header_size);
	length = length > sizeof(header) ? length - sizeof(header) : 0;
	frame = fuzz_bytes(input, length, &length);
	take(play, &header, frame, length);
}

/* Does the whole handshake. */
static void open_connection(struct play *play, size_t index, struct fuzz_input *input)
{
	const struct linger at_once = { .l_onoff = 1 };
	struct peer *peer = &play->peers[index];
	uint8_t options[8] = { TCP_OPTION_MSS, 4, 5, 180, TCP_OPTION_SCALE, 3, 7, 0 };
	struct segment segment;

	fd_close(&peer->server);
	*peer = (struct peer){ .server = -1 };
	peer->ipv6 = fuzz_number(input, 1) & 1;
	peer->container = fuzz_number(input, 4);
	options[6] = (uint8_t)fuzz_number(input, 1) % 15;
	segment = segment_of(play, index);
	segment.flags = TCP_FLAG_SYN;
	segment.window = 0xffff;
	segment.options = options;
	segment.options_size = sizeof(options);
	send_segment(play, &segment);
	peer->container++;
	for (int i = 0; i < 4 && !peer->answered; i++)
		turn(play);
	segment = segment_of(play, index);
	segment.window = (uint16_t)fuzz_number(input, 2);
	send_segment(play, &segment);
	peer->server = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	/* With this option a closed socket doesn't keep its port in TIME_WAIT. */
	if (peer->server >= 0)
		setsockopt(peer->server, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

/* The server writes, and libslirp sends it to the container. */
static void server_writes(struct play *play, size_t index, struct fuzz_input *input)
{
	static const uint8_t data[DATA_MAX];
	size_t size = fuzz_number(input, 2) % DATA_MAX;

	if (play->peers[index].server >= 0)
		send(play->peers[index].server, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void server_reads(struct play *play, size_t index)
{
	static uint8_t data[DATA_MAX];

	if (play->peers[index].server >= 0)
		recv(play->peers[index].server, data, sizeof(data), MSG_DONTWAIT);
}

/* Sends a segment that is correct except for what the step changes. */
static void container_says(struct play *play, size_t index, struct fuzz_input *input)
{
	unsigned int how = fuzz_number(input, 1);
	struct segment segment = segment_of(play, index);

	if (how & 1)
		segment.ack -= fuzz_number(input, 2);
	if (how & 2)
		segment.ack = fuzz_number(input, 4);
	if (how & 4)
		segment.sequence += fuzz_number(input, 2) - 0x8000;
	if (how & 8)
		segment.flags = (uint8_t)fuzz_number(input, 1);
	segment.window = (uint16_t)fuzz_number(input, 2);
	if (how & 16)
		segment.data_size = fuzz_number(input, 2) % DATA_MAX;
	send_segment(play, &segment);
	if (!(how & 4))
		play->peers[index].container += (uint32_t)segment.data_size;
}

static void step(struct play *play, struct fuzz_input *input)
{
	unsigned int what = fuzz_number(input, 1);
	size_t index = (what >> 3) % CONNECTIONS;

	switch (what & 7) {
	case 0: raw_frame(play, input); break;
	case 1: open_connection(play, index, input); break;
	case 2:
	case 3: server_writes(play, index, input); break;
	case 4:
	case 5: container_says(play, index, input); break;
	case 6: play->now += fuzz_number(input, 2); break;
	case 7:
		if (what & 0x80)
			fd_close(&play->peers[index].server);
		else
			server_reads(play, index);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct fuzz_input input = { bytes, size };
	struct play play = { .connections = connections_new(),
			     .fragments = fragments_new(),
			     .set = POLLSET_NONE,
			     .now = 1 };
	struct error err = ERROR_NONE;
	int fd;

	for (size_t i = 0; i < CONNECTIONS; i++)
		play.peers[i].server = -1;
	if (pollset_open(&play.set, &err) < 0)
		abort();
	play.stack = stack_new(&network, &play.set, play.connections, on_send, &play, &err);
	if (!play.stack)
		abort();
	introduce(&play);
	for (int i = 0; i < STEPS_MAX && input.size > 0; i++) {
		step(&play, &input);
		turn(&play);
	}
	stack_free(play.stack);
	fragments_free(play.fragments);
	connections_free(play.connections);
	pollset_close(&play.set);
	for (size_t i = 0; i < CONNECTIONS; i++)
		fd_close(&play.peers[i].server);
	/* Closes connections that weren't accepted. */
	while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		close(fd);
	return 0;
}
