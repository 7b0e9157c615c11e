// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <stdbool.h>
#include <string.h>

#include "core/base/str.h"
#include "netns/checksum.h"
#include "netns/connection.h"
#include "netns/frame.h"
#include "netns/window.h"

#define SYN 0x02
#define ACK 0x10

/* The socket that libslirp has for the connection. */
#define FD 70

static const uint8_t container4[] = { 10, 0, 2, 100 }, world4[] = { 192, 0, 2, 1 };

/* ---- frames ---- */

struct segment {
	uint8_t bytes[HEADERS_SIZE_MAX];
	struct layout layout;
};

enum way {
	FROM_CONTAINER,
	TO_CONTAINER,
};

/* Without data, with its checksum. */
static struct segment segment(enum way way, bool v4, uint16_t port, uint8_t flags, uint32_t ack,
			      uint16_t window, const void *options, size_t option_size)
{
	struct segment segment = { .bytes = { 0 } };
	uint8_t *ip = segment.bytes + ETH_HLEN, *tcp = ip + (v4 ? 20 : 40);
	bool out = way == FROM_CONTAINER;
	size_t size = 20 + option_size;

	put16(segment.bytes + 12, v4 ? ETH_P_IP : ETH_P_IPV6);
	if (v4) {
		ip[0] = 0x45;
		put16(ip + 2, (uint16_t)(20 + size));
		ip[9] = IPPROTO_TCP;
		memcpy(ip + 12, out ? container4 : world4, 4);
		memcpy(ip + 16, out ? world4 : container4, 4);
		put16(ip + 10, (uint16_t)~checksum_add(0, ip, 20));
	} else {
		ip[0] = 0x60;
		put16(ip + 4, (uint16_t)size);
		ip[6] = IPPROTO_TCP;
		memset(ip + (out ? 8 : 24), 0xfd, 16);
		memset(ip + (out ? 24 : 8), 0x20, 16);
	}
	put16(tcp, out ? port : 80);
	put16(tcp + 2, out ? 80 : port);
	put16(tcp + TCP_ACK, (uint16_t)(ack >> 16));
	put16(tcp + TCP_ACK + 2, (uint16_t)ack);
	tcp[TCP_LENGTH] = (uint8_t)(size / 4 << 4);
	tcp[TCP_FLAGS] = flags;
	put16(tcp + TCP_WINDOW, window);
	memcpy(tcp + 20, options, option_size);
	assert_true(layout_find(segment.bytes, sizeof(segment.bytes), &segment.layout));
	put16(tcp + TCP_CHECKSUM,
	      (uint16_t)~checksum_add(layout_pseudo_sum(&segment.layout, segment.bytes), tcp,
				      size));
	return segment;
}

static uint16_t window_of(const struct segment *segment)
{
	return get16(segment->bytes + segment->layout.transport + TCP_WINDOW);
}

/* Segment size 1460 or as said, window scaling by 10. */
#define OPTIONS	    "\x02\x04\x05\xb4\x01\x03\x03\x0a"
#define OPTION_SIZE 8

static void syn(struct connections *connections, uint16_t port, const char *options, size_t size)
{
	struct segment sent = segment(FROM_CONTAINER, true, port, SYN, 0, 64240, options, size);

	put32(sent.bytes + sent.layout.transport + TCP_SEQUENCE, 999);
	connections_from_container(connections, &sent.layout, sent.bytes);
	assert_int_equal(window_of(&sent), 64240);
}

static struct segment answered(struct connections *connections, uint16_t port, uint8_t flags,
			       uint32_t ack, uint16_t window)
{
	bool is_syn = flags & SYN;
	struct segment answer = segment(TO_CONTAINER, true, port, flags, ack, window,
					"\x02\x04\xff\xc9", is_syn ? 4 : 0);

	connections_to_container(connections, &answer.layout, answer.bytes, NULL);
	return answer;
}

static uint16_t heard(struct connections *connections, uint16_t port, uint16_t window)
{
	struct segment sent = segment(FROM_CONTAINER, true, port, ACK, 1, window, "", 0);

	connections_from_container(connections, &sent.layout, sent.bytes);
	assert_int_equal(checksum_add(layout_pseudo_sum(&sent.layout, sent.bytes),
				      sent.bytes + sent.layout.transport, 20),
			 0xffff);
	return window_of(&sent);
}

/* Up to the SYN's answer, which acknowledges 1000. */
static struct connections *connected(uint16_t port)
{
	struct connections *connections = connections_new();

	syn(connections, port, OPTIONS, OPTION_SIZE);
	connections_opened(connections, FD);
	connections_settle(connections);
	answered(connections, port, SYN | ACK, 1000, 65535);
	return connections;
}

/* ---- tests ---- */

static void the_answer_to_an_offer_has_one(void **state)
{
	struct connections *connections = connections_new();
	struct segment answer;
	const uint8_t *ip, *tcp;

	(void)state;
	syn(connections, 4000, OPTIONS, OPTION_SIZE);
	connections_opened(connections, FD);
	connections_settle(connections);
	answer = answered(connections, 4000, SYN | ACK, 1000, 65535);
	ip = answer.bytes + ETH_HLEN;
	tcp = answer.bytes + answer.layout.transport;
	assert_int_equal(answer.layout.tcp_size, 28);
	assert_int_equal(answer.layout.end, ETH_HLEN + 48);
	assert_int_equal(tcp[TCP_LENGTH] >> 4, 7);
	assert_memory_equal(tcp + 24, "\x01\x03\x03\x02", 4);
	assert_int_equal(get16(ip + 2), 48);
	assert_int_equal(checksum_add(0, ip, 20), 0xffff);
	/* The window of a SYN isn't scaled. */
	assert_int_equal(window_of(&answer), 65535);
	connections_free(connections);
}

static void ipv6_has_it_too(void **state)
{
	struct connections *connections = connections_new();
	struct segment sent = segment(FROM_CONTAINER, false, 4000, SYN, 0, 64800, OPTIONS, 8);
	struct segment answer =
		segment(TO_CONTAINER, false, 4000, SYN | ACK, 1000, 65535, "\x02\x04\xff\xb5", 4);

	(void)state;
	connections_from_container(connections, &sent.layout, sent.bytes);
	connections_opened(connections, FD);
	connections_settle(connections);
	connections_to_container(connections, &answer.layout, answer.bytes, NULL);
	assert_int_equal(get16(answer.bytes + ETH_HLEN + 4), 28);
	assert_int_equal(answer.layout.tcp_size, 28);
	connections_free(connections);
}

static void who_offers_nothing_gets_nothing(void **state)
{
	struct connections *connections = connections_new();
	struct segment answer;

	(void)state;
	syn(connections, 4000, "\x02\x04\x05\xb4", 4);
	connections_opened(connections, FD);
	connections_settle(connections);
	answer = answered(connections, 4000, SYN | ACK, 1000, 65535);
	assert_int_equal(answer.layout.tcp_size, 24);
	answer = answered(connections, 4000, ACK, 1001, 65535);
	assert_int_equal(window_of(&answer), 65535);
	assert_int_equal(heard(connections, 4000, 64), 64);
	connections_free(connections);
}

static void a_start_without_a_socket_was_none(void **state)
{
	struct connections *connections = connections_new();
	struct segment answer;

	(void)state;
	syn(connections, 4000, OPTIONS, OPTION_SIZE);
	connections_settle(connections);
	connections_opened(connections, FD); /* another's: a datagram's, say */
	answer = answered(connections, 4000, SYN | ACK, 1000, 65535);
	assert_int_equal(answer.layout.tcp_size, 24);
	connections_free(connections);
}

static void libslirp_hears_what_fits_sixteen_bits(void **state)
{
	struct connections *connections = connected(4000);

	(void)state;
	assert_int_equal(heard(connections, 4000, 0), 0);
	assert_int_equal(heard(connections, 4000, 1), 1024);
	assert_int_equal(heard(connections, 4000, 63), 64512);
	assert_int_equal(heard(connections, 4000, 64), 65535);
	assert_int_equal(heard(connections, 4000, 65535), 65535);
	/* another connection */
	assert_int_equal(heard(connections, 4001, 64), 64);
	connections_free(connections);
}

/* libslirp notes when a window was said last only if it changes: once in a GiB it does. */
static void the_widest_changes_with_each_gib(void **state)
{
	(void)state;
	assert_int_equal(window_narrow(1u << 30, 0, 0), 65535);
	assert_int_equal(window_narrow(1u << 30, (1u << 30) - 1, (1u << 30) - 1), 65535);
	for (uint32_t gib = 0; gib < 4; gib++) {
		uint32_t number = gib << 30, next = (gib + 1) << 30;

		assert_true(window_narrow(70000, number, 0) != window_narrow(70000, next, 0));
		assert_true(window_narrow(70000, 0, number) != window_narrow(70000, 0, next));
		assert_true(window_narrow(70000, number, number) !=
			    window_narrow(70000, next, next));
	}
	/* What is narrower stays what it is. */
	assert_int_equal(window_narrow(65000, 1u << 30, 1u << 30), 65000);
	assert_int_equal(window_narrow(0, 1u << 30, 1u << 30), 0);
}

static void without_knowing_the_window_stays_as_wide_as_it_is(void **state)
{
	struct connections *connections = connected(4000);
	struct segment answer = answered(connections, 4000, ACK, 1000, 65535);

	(void)state;
	assert_int_equal(window_of(&answer), 65535 >> 2);
	answer = answered(connections, 4000, ACK, 2000, 0);
	assert_int_equal(window_of(&answer), 0);
	connections_free(connections);
}

/* Room is 131072 rounded up to segments of 1460: 90 of them. */
static void an_empty_buffer_is_offered_whole(void **state)
{
	const unsigned int room = 131400;
	struct connections *connections = connected(4000);
	struct segment answer;

	(void)state;
	connections_waits(connections, FD, false);
	answer = answered(connections, 4000, ACK, 1000, 65535);
	assert_int_equal(window_of(&answer), room >> 2);
	/* 5000 have come: where the offer ends hasn't moved. */
	answer = answered(connections, 4000, ACK, 6000, 65535);
	assert_int_equal(window_of(&answer), (room - 5000) >> 2);
	/* They wait to be written: it stays there. */
	connections_waits(connections, FD, true);
	answer = answered(connections, 4000, ACK, 60000, 65535);
	assert_int_equal(window_of(&answer), (room - 59000) >> 2);
	/* Whatever libslirp offers by itself. */
	answer = answered(connections, 4000, ACK, 100000, 65535);
	assert_int_equal(window_of(&answer), (room - 99000) >> 2);
	/* All of it is taken, and the buffer full. */
	answer = answered(connections, 4000, ACK, 1000 + room, 0);
	assert_int_equal(window_of(&answer), 0);
	answer = answered(connections, 4000, ACK, 1000 + room, 2920);
	assert_int_equal(window_of(&answer), 0);
	/* Written. */
	connections_waits(connections, FD, false);
	answer = answered(connections, 4000, ACK, 1000 + room, 65535);
	assert_int_equal(window_of(&answer), room >> 2);
	connections_free(connections);
}

static void numbers_turn_around(void **state)
{
	struct connections *connections = connections_new();
	struct segment answer;

	(void)state;
	syn(connections, 4000, "\x02\x04\xfd\xe8\x01\x03\x03\x0e", 8);
	connections_opened(connections, FD);
	connections_settle(connections);
	answered(connections, 4000, SYN | ACK, 0xffffff00, 65535);
	connections_waits(connections, FD, false);
	answer = answered(connections, 4000, ACK, 0x100, 65535);
	assert_int_equal(window_of(&answer), (3 * 65000 - 0x200) >> 2);
	connections_free(connections);
}

static void a_closed_socket_ends_it(void **state)
{
	struct connections *connections = connected(4000);
	struct segment answer;

	(void)state;
	connections_closed(connections, FD);
	connections_closed(connections, FD);
	connections_closed(connections, -1);
	connections_closed(connections, 100000);
	answer = answered(connections, 4000, ACK, 1000, 65535);
	assert_int_equal(window_of(&answer), 65535);
	assert_int_equal(heard(connections, 4000, 64), 64);
	connections_free(connections);
}

/* 9000 bytes, the first ones of libslirp's stream. */
static void send_bulk(struct connections *connections, uint16_t port)
{
	static const uint8_t data[9000];
	struct segment bulk = segment(TO_CONTAINER, true, port, ACK, 1000, 65535, "", 0);

	put32(bulk.bytes + bulk.layout.transport + TCP_SEQUENCE, 1);
	bulk.layout.end += sizeof(data);
	connections_to_container(connections, &bulk.layout, bulk.bytes, data);
	assert_int_equal(window_of(&bulk), 65535 >> 2);
}

static void bulk_is_acknowledged_for_the_container(void **state)
{
	struct connections *connections = connected(4000);
	uint8_t frame[FRAME_SIZE_MAX];
	struct layout layout;

	(void)state;
	heard(connections, 4000, 64);
	send_bulk(connections, 4000);
	assert_in_range(connections_timeout(connections, 5), 1, 1000);
	assert_true(layout_find(frame, connections_answer(connections, frame), &layout));
	assert_int_equal(get32(frame + layout.transport + TCP_ACK), 9001);
	assert_int_equal(connections_answer(connections, frame), 0);
	assert_int_equal(connections_resend(connections, 5, frame), 0);
	assert_int_equal(connections_resend(connections, 1005, frame), ETH_HLEN + 40 + 9000);
	connections_closed(connections, FD);
	assert_int_equal(connections_timeout(connections, 5), -1);
	connections_free(connections);
}

static void who_has_no_scaling_is_left_to_libslirp(void **state)
{
	struct connections *connections = connections_new();
	struct segment bulk;
	uint8_t frame[FRAME_SIZE_MAX];

	(void)state;
	syn(connections, 4000, "\x02\x04\x05\xb4", 4);
	connections_opened(connections, FD);
	connections_settle(connections);
	answered(connections, 4000, SYN | ACK, 1000, 65535);
	heard(connections, 4000, 65535);
	bulk = segment(TO_CONTAINER, true, 4000, ACK, 1000, 65535, "", 0);
	put32(bulk.bytes + bulk.layout.transport + TCP_SEQUENCE, 1);
	bulk.layout.end += 9000;
	connections_to_container(connections, &bulk.layout, bulk.bytes, NULL);
	assert_int_equal(connections_answer(connections, frame), 0);
	connections_free(connections);
}

static void many_connections_are_kept_apart(void **state)
{
	struct connections *connections = connections_new();

	(void)state;
	for (int i = 0; i < 20000; i++) {
		syn(connections, (uint16_t)(10000 + i), OPTIONS, OPTION_SIZE);
		connections_opened(connections, 10 + i);
		connections_settle(connections);
		answered(connections, (uint16_t)(10000 + i), SYN | ACK, 1000, 65535);
	}
	for (int i = 0; i < 20000; i += 2)
		connections_closed(connections, 10 + i);
	for (int i = 0; i < 20000; i++)
		assert_int_equal(heard(connections, (uint16_t)(10000 + i), 3), i % 2 ? 3072 : 3);
	connections_free(connections);
	connections_free(NULL);
}

/* ---- what the container waits for ---- */

/* A round of libslirp's. */
enum asked {
	ASKED_NOTHING, /* it doesn't wait for the socket at all */
	ASKED_TO_READ,
	ASKED_TO_WRITE,
};

static void round_of(struct connections *connections, enum asked asked)
{
	connections_begin_round(connections);
	if (asked != ASKED_NOTHING)
		connections_waits(connections, FD, asked == ASKED_TO_WRITE);
}

/* The container sends @size bytes from @number on, and acknowledges @ack. */
static void sent(struct connections *connections, uint32_t number, uint32_t size, uint32_t ack,
		 uint16_t window)
{
	struct segment data = segment(FROM_CONTAINER, true, 4000, ACK, ack, window, "", 0);

	put32(data.bytes + data.layout.transport + TCP_SEQUENCE, number);
	data.layout.end += size;
	connections_from_container(connections, &data.layout, data.bytes);
}

struct told {
	uint32_t number, ack;
	uint16_t window;
};

/* False: the container is told nothing. */
static bool told(struct connections *connections, struct told *ret_told)
{
	struct segment update = { .bytes = { 0 } };
	size_t size = connections_tell(connections, update.bytes);
	const uint8_t *tcp;

	if (size == 0)
		return false;
	assert_true(layout_find(update.bytes, size, &update.layout));
	assert_int_equal(update.layout.end, size);
	assert_int_equal(update.layout.tcp_size, TCP_SIZE);
	connections_to_container(connections, &update.layout, update.bytes, NULL);
	tcp = update.bytes + update.layout.transport;
	assert_memory_equal(update.bytes + ETH_HLEN + 12, world4, 4);
	assert_memory_equal(update.bytes + ETH_HLEN + 16, container4, 4);
	assert_int_equal(get16(tcp), 80);
	assert_int_equal(get16(tcp + 2), 4000);
	assert_int_equal(tcp[TCP_FLAGS], ACK);
	*ret_told = (struct told){ .number = get32(tcp + TCP_SEQUENCE),
				   .ack = get32(tcp + TCP_ACK),
				   .window = get16(tcp + TCP_WINDOW) };
	return true;
}

/* False: libslirp is asked for nothing. */
static bool asked(struct connections *connections, struct told *ret_asked)
{
	uint8_t frame[HEADERS_SIZE_MAX];
	size_t size = connections_ask(connections, frame);
	struct layout layout;
	const uint8_t *tcp;

	if (size == 0)
		return false;
	assert_true(layout_find(frame, size, &layout));
	tcp = frame + layout.transport;
	assert_int_equal(layout.end, layout.transport + TCP_SIZE);
	assert_int_equal(checksum_add(layout_pseudo_sum(&layout, frame), tcp, TCP_SIZE), 0xffff);
	assert_memory_equal(frame + ETH_HLEN + 12, container4, 4);
	assert_int_equal(get16(tcp), 4000);
	assert_int_equal(tcp[TCP_FLAGS], ACK);
	*ret_asked = (struct told){ .number = get32(tcp + TCP_SEQUENCE),
				    .ack = get32(tcp + TCP_ACK),
				    .window = get16(tcp + TCP_WINDOW) };
	return true;
}

#define ROOM 131400 /* for segments of 1460 */

/* The container has said its first word, and the first round was. */
static struct connections *settled(void)
{
	struct connections *connections = connected(4000);

	sent(connections, 1000, 0, 1, 64);
	round_of(connections, ASKED_TO_READ);
	answered(connections, 4000, ACK, 1000, 65535);
	return connections;
}

/* libslirp's window is garbage once more has come than that window allowed. */
static void nonsense_of_libslirps_window_moves_no_edge(void **state)
{
	struct connections *connections = settled();
	struct segment answer;

	(void)state;
	sent(connections, 1000, 67000, 1, 64);
	round_of(connections, ASKED_TO_WRITE);
	/* 65535 - 67000, in 16 bits */
	answer = answered(connections, 4000, ACK, 68000, 64071);
	assert_int_equal(window_of(&answer), (ROOM - 67000) >> 2);
	answer = answered(connections, 4000, ACK, 1000 + ROOM, 65535);
	assert_int_equal(window_of(&answer), 0);
	answer = answered(connections, 4000, ACK, 1000 + ROOM + 1, 65535);
	assert_int_equal(window_of(&answer), 0);
	connections_free(connections);
}

static void a_drained_buffer_is_told_before_the_wait(void **state)
{
	struct connections *connections = settled();
	struct told update;

	(void)state;
	assert_false(told(connections, &update));
	sent(connections, 1000, 100000, 1, 64);
	answered(connections, 4000, ACK, 101000, 0);
	/* Not while anything is left to be written. */
	round_of(connections, ASKED_TO_WRITE);
	assert_false(told(connections, &update));
	round_of(connections, ASKED_TO_READ);
	assert_true(told(connections, &update));
	assert_int_equal(update.ack, 101000);
	assert_int_equal(update.window, ROOM >> 2);
	/* Once. */
	assert_false(told(connections, &update));
	round_of(connections, ASKED_TO_READ);
	assert_false(told(connections, &update));
	connections_free(connections);
}

/* The host has said shutdown(SHUT_WR), or what it sends isn't taken by the container. */
static void a_socket_that_nobody_waits_for_has_an_empty_buffer(void **state)
{
	struct connections *connections = settled();
	struct told update;

	(void)state;
	sent(connections, 1000, 100000, 1, 64);
	answered(connections, 4000, ACK, 101000, 0);
	round_of(connections, ASKED_NOTHING);
	assert_true(told(connections, &update));
	assert_int_equal(update.ack, 101000);
	assert_int_equal(update.window, ROOM >> 2);
	connections_free(connections);
}

/* The largest segment is nearly all that an unscaled window can say: it is told as soon as that doesn't fit. */
static void an_unscaled_window_is_told_too(void **state)
{
	struct connections *connections = connections_new();
	struct segment answer;
	struct told update;

	(void)state;
	syn(connections, 4000, "\x02\x04\xff\xc8", 4);
	connections_opened(connections, FD);
	connections_settle(connections);
	answered(connections, 4000, SYN | ACK, 1000, 65535);
	sent(connections, 1000, 0, 1, 64240);
	round_of(connections, ASKED_TO_READ);
	sent(connections, 1000, 55, 1, 64240);
	answer = answered(connections, 4000, ACK, 1055, 65535);
	assert_int_equal(window_of(&answer), 65480);
	round_of(connections, ASKED_TO_READ);
	assert_false(told(connections, &update));
	sent(connections, 1055, 65480, 1, 64240);
	answer = answered(connections, 4000, ACK, 66535, 0);
	assert_int_equal(window_of(&answer), 55);
	round_of(connections, ASKED_TO_WRITE);
	assert_false(told(connections, &update));
	round_of(connections, ASKED_TO_READ);
	assert_true(told(connections, &update));
	assert_int_equal(update.ack, 66535);
	assert_int_equal(update.window, 65535);
	connections_free(connections);
}

static void half_of_the_room_is_enough(void **state)
{
	struct connections *connections = settled();
	struct told update;

	(void)state;
	sent(connections, 1000, ROOM - 65535, 1, 64);
	answered(connections, 4000, ACK, 1000 + ROOM - 65535, 0);
	round_of(connections, ASKED_NOTHING);
	assert_false(told(connections, &update));
	sent(connections, 1000 + ROOM - 65535, 1, 1, 64);
	answered(connections, 4000, ACK, 1000 + ROOM - 65534, 0);
	round_of(connections, ASKED_NOTHING);
	assert_true(told(connections, &update));
	connections_free(connections);
}

/* As libslirp does while the container's own window is 0. */
static void an_acknowledgement_that_is_put_off_is_asked_for_once(void **state)
{
	struct connections *connections = settled();
	struct told update, question;

	(void)state;
	sent(connections, 1000, 100000, 1, 0);
	round_of(connections, ASKED_NOTHING);
	assert_true(asked(connections, &question));
	assert_int_equal(question.number, 999);
	assert_int_equal(question.ack, 1);
	assert_int_equal(question.window, 0);
	assert_false(asked(connections, &question));
	/* No answer, as the segment was lost: then nothing but the container can help. */
	assert_false(told(connections, &update));
	round_of(connections, ASKED_NOTHING);
	assert_false(asked(connections, &question));
	/* More has come. */
	sent(connections, 101000, 1000, 1, 0);
	round_of(connections, ASKED_NOTHING);
	assert_true(asked(connections, &question));
	answered(connections, 4000, ACK, 102000, 0);
	assert_false(asked(connections, &question));
	assert_true(told(connections, &update));
	assert_int_equal(update.ack, 102000);
	assert_int_equal(update.window, ROOM >> 2);
	connections_free(connections);
}

static void what_lies_behind_the_edge_is_not_waited_for(void **state)
{
	struct connections *connections = settled();
	struct told update, question;

	(void)state;
	sent(connections, 1000, ROOM, 1, 64);
	answered(connections, 4000, ACK, 1000 + ROOM, 0);
	round_of(connections, ASKED_TO_WRITE);
	/* A probe, and nonsense. */
	sent(connections, 1000 + ROOM, 1, 1, 64);
	sent(connections, 0x70000000, 1000, 1, 64);
	round_of(connections, ASKED_NOTHING);
	assert_false(asked(connections, &question));
	assert_true(told(connections, &update));
	assert_int_equal(update.ack, 1000 + ROOM);
	connections_free(connections);
}

/* Where libslirp's probe of a closed window is the container takes no segment. */
static void an_update_has_a_number_that_the_container_takes(void **state)
{
	struct connections *connections = settled();
	struct segment probe = segment(TO_CONTAINER, true, 4000, ACK, 1000, 65535, "", 0);
	struct told update;

	(void)state;
	/* The window ends with 1 + 2 * 1024. */
	sent(connections, 1000, 0, 1, 2);
	put32(probe.bytes + probe.layout.transport + TCP_SEQUENCE, 1);
	probe.layout.end += 2049;
	connections_to_container(connections, &probe.layout, probe.bytes, NULL);
	sent(connections, 1000, 100000, 1, 2);
	answered(connections, 4000, ACK, 101000, 0);
	round_of(connections, ASKED_NOTHING);
	assert_true(told(connections, &update));
	assert_int_equal(update.number, 2049);
	connections_free(connections);
}

static void an_answer_to_the_syn_that_comes_again_changes_nothing(void **state)
{
	struct connections *connections = settled();
	struct told update;

	(void)state;
	sent(connections, 1000, 100000, 1, 64);
	answered(connections, 4000, SYN | ACK, 1000, 65535);
	answered(connections, 4000, ACK, 101000, 0);
	round_of(connections, ASKED_NOTHING);
	assert_true(told(connections, &update));
	assert_int_equal(update.window, ROOM >> 2);
	connections_free(connections);
}

static void an_end_in_the_middle_of_a_round_is_survived(void **state)
{
	struct connections *connections = connections_new();
	uint8_t frame[HEADERS_SIZE_MAX];

	(void)state;
	for (uint16_t i = 0; i < 4; i++) {
		struct segment data = segment(FROM_CONTAINER, true, 4000 + i, ACK, 1, 64, "", 0);

		syn(connections, 4000 + i, OPTIONS, OPTION_SIZE);
		connections_opened(connections, FD + i);
		connections_settle(connections);
		answered(connections, 4000 + i, SYN | ACK, 1000, 65535);
		put32(data.bytes + data.layout.transport + TCP_SEQUENCE, 1000);
		data.layout.end += 1000;
		connections_from_container(connections, &data.layout, data.bytes);
	}
	connections_begin_round(connections);
	assert_true(connections_ask(connections, frame) > 0);
	/* One that has had its turn, the next one, and the last one. */
	connections_closed(connections, FD + 3);
	connections_closed(connections, FD + 2);
	connections_closed(connections, FD);
	assert_true(connections_ask(connections, frame) > 0);
	assert_int_equal(connections_ask(connections, frame), 0);
	connections_closed(connections, FD + 1);
	assert_int_equal(connections_tell(connections, frame), 0);
	connections_free(connections);
}

/* ---- libslirp's and the container's behaviour, without a clock ---- */

/*
 * libslirp's receiving side as it behaves (4.7): the window of 16 bits at most, whose difference to
 * what was told before is computed without a sign; an update by its own only for half of the buffer
 * or two segments; a segment that isn't "predicted" is acknowledged by a timer, which never runs
 * here.  The container sends whole segments only, and nothing else helps it: no probe, no timer.
 */
struct upload {
	struct connections *connections;
	unsigned int seed;
	uint32_t segment, room;
	unsigned int shift;		     /* of the windows that the container is told */
	uint32_t received, advertised, held; /* libslirp's */
	uint32_t next, edge;		     /* the container's */
	bool is_slow;			     /* nothing is "predicted" */
};

static unsigned int chance(struct upload *upload, unsigned int count)
{
	upload->seed = upload->seed * 1103515245u + 12345u;
	return (upload->seed >> 16) % count;
}

static void container_hears(struct upload *upload, uint32_t ack, uint16_t window)
{
	uint32_t edge = ack + ((uint32_t)window << upload->shift);

	if ((int32_t)(edge - upload->edge) > 0)
		upload->edge = edge;
}

static void libslirp_sends(struct upload *upload, bool at_once)
{
	uint32_t space = upload->room - upload->held;
	int64_t known = (int64_t)(uint32_t)(upload->advertised - upload->received);
	int64_t window = space < 65535 ? space : 65535, gain = window - known;
	struct segment answer;

	if (!at_once && gain < 2 * (int64_t)upload->segment && 2 * gain < (int64_t)upload->room)
		return;
	if (space < upload->room / 4 && space < upload->segment)
		window = 0;
	if (window < known)
		window = known;
	answer = answered(upload->connections, 4000, ACK, upload->received, (uint16_t)window);
	if ((int32_t)(upload->received + (uint32_t)window - upload->advertised) > 0)
		upload->advertised = upload->received + (uint32_t)window;
	container_hears(upload, upload->received, window_of(&answer));
}

static void host_takes(struct upload *upload, uint32_t size)
{
	upload->held -= size < upload->held ? size : upload->held;
	libslirp_sends(upload, false);
}

static bool container_sends(struct upload *upload)
{
	struct segment data = segment(FROM_CONTAINER, true, 4000, ACK, 1, 64, "", 0);

	if ((int32_t)(upload->edge - upload->next) < (int32_t)upload->segment)
		return false;
	put32(data.bytes + data.layout.transport + TCP_SEQUENCE, upload->next);
	data.layout.end += upload->segment;
	connections_from_container(upload->connections, &data.layout, data.bytes);
	/* No byte was asked for that has no room. */
	assert_in_range(upload->segment, 0, upload->room - upload->held);
	upload->next += upload->segment;
	upload->received = upload->next;
	upload->held += upload->segment;
	/* With nothing before it the host's socket may take it at once. */
	if (upload->held == upload->segment && chance(upload, 2))
		upload->held = 0;
	libslirp_sends(upload, !upload->is_slow && chance(upload, 8) != 0);
	return true;
}

static void a_round(struct upload *upload)
{
	struct told update, question;
	bool is_read = chance(upload, 2);

	round_of(upload->connections, upload->held ? ASKED_TO_WRITE
				      : is_read	   ? ASKED_TO_READ
						   : ASKED_NOTHING);
	while (asked(upload->connections, &question)) {
		assert_true((int32_t)(upload->received - question.number) > 0);
		libslirp_sends(upload, true);
	}
	while (told(upload->connections, &update))
		container_hears(upload, update.ack, update.window);
}

static void upload(const char *options, size_t option_size, uint32_t segment, uint32_t room,
		   bool is_slow, uint64_t size)
{
	struct upload upload = {
		.connections = connections_new(),
		.seed = segment,
		.segment = segment,
		.room = room,
		.shift = option_size == OPTION_SIZE ? 2 : 0,
		.received = 1000,
		.advertised = 1000 + 65535,
		.next = 1000,
		.edge = 1000 + 65535,
		.is_slow = is_slow,
	};

	syn(upload.connections, 4000, options, option_size);
	connections_opened(upload.connections, FD);
	connections_settle(upload.connections);
	answered(upload.connections, 4000, SYN | ACK, 1000, 65535);
	sent(upload.connections, 1000, 0, 1, 64);
	for (uint64_t done = 0; done < size;) {
		unsigned int frames = chance(&upload, 6);

		for (unsigned int i = 0; i < frames && container_sends(&upload); i++)
			done += segment;
		if (chance(&upload, 2))
			host_takes(&upload, chance(&upload, 3) * upload.segment + 1);
		a_round(&upload);
		if (chance(&upload, 4) != 0)
			continue;
		/* Once the host has taken all, nobody has to wait. */
		host_takes(&upload, upload.room);
		a_round(&upload);
		assert_true(container_sends(&upload));
		done += segment;
	}
	connections_free(upload.connections);
}

static void no_upload_stalls_in_whatever_order_things_happen(void **state)
{
	const uint64_t gib = 1ull << 30;

	(void)state;
	for (int slow = 0; slow <= 1; slow++) {
		upload("\x02\x04\xff\xc8\x01\x03\x03\x0a", 8, 65480, 3 * 65480, slow, 9 * gib);
		upload("\x02\x04\x23\x00\x01\x03\x03\x0a", 8, 8960, 15 * 8960, slow, 5 * gib);
		upload("\x02\x04\x05\xb4\x01\x03\x03\x0a", 8, 1460, ROOM, slow, 1 * gib);
		/* Without scaling. */
		upload("\x02\x04\xff\xc8", 4, 65480, 3 * 65480, slow, 9 * gib);
		upload("\x02\x04\x05\xb4", 4, 1460, ROOM, slow, 1 * gib);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_answer_to_an_offer_has_one),
		cmocka_unit_test(ipv6_has_it_too),
		cmocka_unit_test(who_offers_nothing_gets_nothing),
		cmocka_unit_test(a_start_without_a_socket_was_none),
		cmocka_unit_test(libslirp_hears_what_fits_sixteen_bits),
		cmocka_unit_test(the_widest_changes_with_each_gib),
		cmocka_unit_test(without_knowing_the_window_stays_as_wide_as_it_is),
		cmocka_unit_test(an_empty_buffer_is_offered_whole),
		cmocka_unit_test(numbers_turn_around),
		cmocka_unit_test(a_closed_socket_ends_it),
		cmocka_unit_test(bulk_is_acknowledged_for_the_container),
		cmocka_unit_test(who_has_no_scaling_is_left_to_libslirp),
		cmocka_unit_test(many_connections_are_kept_apart),
		cmocka_unit_test(nonsense_of_libslirps_window_moves_no_edge),
		cmocka_unit_test(a_drained_buffer_is_told_before_the_wait),
		cmocka_unit_test(a_socket_that_nobody_waits_for_has_an_empty_buffer),
		cmocka_unit_test(an_unscaled_window_is_told_too),
		cmocka_unit_test(half_of_the_room_is_enough),
		cmocka_unit_test(an_acknowledgement_that_is_put_off_is_asked_for_once),
		cmocka_unit_test(what_lies_behind_the_edge_is_not_waited_for),
		cmocka_unit_test(an_update_has_a_number_that_the_container_takes),
		cmocka_unit_test(an_answer_to_the_syn_that_comes_again_changes_nothing),
		cmocka_unit_test(an_end_in_the_middle_of_a_round_is_survived),
		cmocka_unit_test(no_upload_stalls_in_whatever_order_things_happen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
