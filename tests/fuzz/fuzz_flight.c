// SPDX-License-Identifier: Apache-2.0
/*
 * Eight TCP connections of a hostile container: they are opened, written to, acknowledged in any
 * way, kept waiting and closed.  The fuzzer plays the part of libslirp.  The frames that
 * netns/slirp/connection.c, window.c and flight.c make must be valid.
 */
#include "core/base/str.h"
#include "netns/slirp/connection.h"
#include "netns/slirp/frame.h"
#include "netns/slirp/layout.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/segment.h"

#define CONNECTIONS  8
#define STEPS_MAX    400
#define DATA_MAX     65000
#define FIRST_SOCKET 10

/* The numbers that a correct peer would use next; the steps may deviate from them. */
struct peer {
	bool open;
	bool ipv6;
	uint32_t sequence;  /* libslirp's */
	uint32_t container; /* the container's */
};

struct play {
	struct connections *connections;
	struct peer peers[CONNECTIONS];
	int64_t now;
};

static struct network_options network;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct error err = ERROR_NONE;

	(void)argc;
	(void)argv;
	return network_options_parse("slirp,mtu=1500", &network, &err);
}

static struct segment segment_of(const struct play *play, size_t index, bool to_container)
{
	struct segment segment = {
		.ipv6 = play->peers[index].ipv6,
		.to_container = to_container,
		.network = &network,
		.peer_port = 80,
		.container_port = (uint16_t)(40000 + index),
		.flags = TCP_FLAG_ACK,
	};

	inet_pton(AF_INET, "192.0.2.1", &segment.peer4);
	inet_pton(AF_INET6, "2001:db8::1", &segment.peer6);
	return segment;
}

/* Sends a frame to the container.  @frame is memory of exactly @size bytes. */
static void emit(struct play *play, const uint8_t *frame, size_t size)
{
	struct frame_out out;

	frame_to_container(&network, play->connections, frame, size, &out);
	fuzz_demand(out.replaced <= size && out.head_size <= sizeof(out.head) &&
			    out.head_size >= out.replaced,
		    "a frame for the container is whole");
}

static void to_container(struct play *play, const struct segment *segment)
{
	size_t size = segment_head_size(segment) + segment->data_size;
	autofree uint8_t *frame = mem_alloc(size);

	segment_write_head(segment, frame);
	emit(play, frame, size);
}

static void from_container(struct play *play, const struct segment *segment)
{
	size_t size = segment_head_size(segment) + segment->data_size;
	autofree uint8_t *frame = mem_alloc(size);
	struct layout layout;

	segment_write_head(segment, frame);
	fuzz_demand(layout_find(frame, size, &layout), "a segment has a layout");
	connections_from_container(play->connections, &layout, frame);
}

static void open_connection(struct play *play, size_t index, struct fuzz_input *input)
{
	struct peer *peer = &play->peers[index];
	uint8_t options[8] = { TCP_OPTION_MSS, 4, 5, 180, TCP_OPTION_SCALE, 3, 0, 0 };
	struct segment segment;

	peer->ipv6 = fuzz_number(input, 1) & 1;
	peer->container = fuzz_number(input, 4);
	peer->sequence = fuzz_number(input, 4);
	peer->open = true;
	options[6] = (uint8_t)fuzz_number(input, 1);
	segment = segment_of(play, index, false);
	segment.sequence = peer->container;
	segment.flags = TCP_FLAG_SYN;
	segment.window = (uint16_t)fuzz_number(input, 2);
	segment.options = options;
	segment.options_size = sizeof(options);
	from_container(play, &segment);
	connections_opened(play->connections, FIRST_SOCKET + (int)index);
	connections_settle(play->connections);
	peer->container++;
	segment.to_container = true;
	segment.sequence = peer->sequence++;
	segment.ack = peer->container;
	segment.flags = TCP_FLAG_SYN | TCP_FLAG_ACK;
	segment.window = (uint16_t)fuzz_number(input, 2);
	segment.options_size = 4;
	to_container(play, &segment);
}

enum deviation {
	DEVIATE_NUMBER = 1 << 3,
	DEVIATE_FLAGS = 1 << 4,
};

/* Sends data of libslirp. */
static void send_data(struct play *play, size_t index, unsigned int how, struct fuzz_input *input)
{
	struct peer *peer = &play->peers[index];
	struct segment segment = segment_of(play, index, true);

	segment.data_size = fuzz_number(input, 2) % DATA_MAX;
	segment.sequence = peer->sequence;
	segment.ack = peer->container;
	if (how & DEVIATE_NUMBER)
		segment.sequence += fuzz_number(input, 4);
	else
		peer->sequence += (uint32_t)segment.data_size;
	if (how & DEVIATE_FLAGS)
		segment.flags |= (uint8_t)fuzz_number(input, 1);
	segment.window = (uint16_t)fuzz_number(input, 2);
	to_container(play, &segment);
}

/* The container sends an acknowledgement, or any other segment. */
static void hear_container(struct play *play, size_t index, unsigned int how,
			   struct fuzz_input *input)
{
	struct peer *peer = &play->peers[index];
	struct segment segment = segment_of(play, index, false);
	uint8_t more = (uint8_t)fuzz_number(input, 1);

	segment.ack = peer->sequence - fuzz_number(input, 2);
	segment.sequence = peer->container;
	if (how & DEVIATE_NUMBER)
		segment.ack = fuzz_number(input, 4);
	if (how & DEVIATE_FLAGS)
		segment.flags |= (uint8_t)fuzz_number(input, 1);
	if (more & 1)
		segment.data_size = fuzz_number(input, 1);
	if (more & 2)
		segment.sequence = fuzz_number(input, 4);
	segment.window = (uint16_t)fuzz_number(input, 2);
	from_container(play, &segment);
	peer->container += (uint32_t)segment.data_size;
}

static void step(struct play *play, struct fuzz_input *input)
{
	unsigned int how = fuzz_number(input, 1);
	size_t index = how >> 5;
	bool open = play->peers[index].open;

	switch (how & 7) {
	case 0: open_connection(play, index, input); break;
	case 1:
	case 2:
		if (open)
			send_data(play, index, how, input);
		break;
	case 3:
	case 4:
		if (open)
			hear_container(play, index, how, input);
		break;
	case 5: play->now += fuzz_number(input, 2); break;
	case 6:
		connections_closed(play->connections, FIRST_SOCKET + (int)index);
		play->peers[index].open = false;
		break;
	case 7:
		connections_begin_round(play->connections);
		connections_waits(play->connections, FIRST_SOCKET + (int)index, how & 8);
		break;
	}
}

/* Does what the loop of urun-slirp does after each step. */
static void follow(struct play *play)
{
	static uint8_t frame[FRAME_SIZE_MAX];
	autofree uint8_t *answer = mem_alloc(HEADERS_SIZE_MAX);
	size_t size;
	int turns = 0;

	while ((size = connections_ask(play->connections, answer)) > 0) {
		fuzz_demand(size <= HEADERS_SIZE_MAX, "a question is a frame");
		fuzz_demand(turns++ < 1000, "asking comes to an end");
	}
	while ((size = connections_tell(play->connections, answer)) > 0) {
		fuzz_demand(size <= HEADERS_SIZE_MAX, "a window is told in a frame");
		fuzz_demand(turns++ < 1000, "telling comes to an end");
		emit(play, answer, size);
	}
	connections_are_finished(play->connections);
	connections_timeout(play->connections, play->now);
	while ((size = connections_resend(play->connections, play->now, frame)) > 0) {
		fuzz_demand(size <= sizeof(frame), "what is sent again is a frame");
		fuzz_demand(turns++ < 2000, "sending again comes to an end");
		emit(play, frame, size);
	}
	while ((size = connections_answer(play->connections, answer)) > 0) {
		struct layout layout;

		fuzz_demand(size <= HEADERS_SIZE_MAX && layout_find(answer, size, &layout),
			    "an answer is a frame");
		fuzz_demand(turns++ < 4000, "answering comes to an end");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct fuzz_input input = { bytes, size };
	struct play play = { .connections = connections_new(), .now = 1 };

	for (int i = 0; i < STEPS_MAX && input.size > 0; i++) {
		step(&play, &input);
		follow(&play);
	}
	connections_free(play.connections);
	return 0;
}
