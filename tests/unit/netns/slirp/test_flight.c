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
#include "netns/slirp/checksum.h"
#include "netns/slirp/flight.h"

#define FIN TCP_FLAG_FIN
#define SYN TCP_FLAG_SYN
#define RST TCP_FLAG_RST
#define ACK TCP_FLAG_ACK

#define SEGMENT	  65000
#define COPY_SIZE (512 * 1024)
#define WIDE	  (4u << 20)

static const uint8_t container4[] = { 10, 0, 2, 100 }, world4[] = { 192, 0, 2, 1 };
static const uint8_t container_mac[] = { 2, 0, 0, 0, 0, 1 }, world_mac[] = { 2, 0, 0, 0, 0, 2 };

/* ---- frames ---- */

struct frame {
	uint8_t bytes[70000];
	struct layout layout;
};

enum way {
	FROM_CONTAINER,
	TO_CONTAINER,
};

struct segment {
	uint8_t flags;
	uint32_t number, ack;
	uint16_t window;
	size_t size;
};

/* Returns the stream's byte with this sequence number. */
static uint8_t byte_of(uint32_t number)
{
	return (uint8_t)((number * 2654435761u) >> 24);
}

static void seal(struct frame *frame)
{
	uint8_t *tcp = frame->bytes + frame->layout.transport;

	put16(tcp + TCP_CHECKSUM, 0);
	put16(tcp + TCP_CHECKSUM,
	      (uint16_t)~checksum_add(layout_pseudo_sum(&frame->layout, frame->bytes), tcp,
				      frame->layout.end - frame->layout.transport));
}

static const struct frame *frame_of(enum way way, bool v4, const struct segment *segment)
{
	static struct frame frame;
	uint8_t *ip = frame.bytes + ETH_HLEN, *tcp = ip + (v4 ? 20 : 40);
	bool out = way == FROM_CONTAINER;
	size_t size = TCP_SIZE + segment->size;

	memset(frame.bytes, 0, 100);
	memcpy(frame.bytes, out ? world_mac : container_mac, 6);
	memcpy(frame.bytes + 6, out ? container_mac : world_mac, 6);
	put16(frame.bytes + 12, v4 ? ETH_P_IP : ETH_P_IPV6);
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
	put16(tcp, out ? 4000 : 80);
	put16(tcp + 2, out ? 80 : 4000);
	put32(tcp + TCP_SEQUENCE, segment->number);
	put32(tcp + TCP_ACK, segment->ack);
	tcp[TCP_LENGTH] = 5 << 4;
	tcp[TCP_FLAGS] = segment->flags;
	put16(tcp + TCP_WINDOW, segment->window);
	for (size_t i = 0; i < segment->size; i++)
		tcp[TCP_SIZE + i] = byte_of(segment->number + (uint32_t)i);
	assert_true(layout_find(frame.bytes, sizeof(frame.bytes), &frame.layout));
	seal(&frame);
	return &frame;
}

static struct segment read_segment(const uint8_t *bytes, size_t size)
{
	struct layout layout;
	const uint8_t *tcp;

	assert_true(layout_find(bytes, size, &layout));
	assert_int_equal(layout.end, size);
	tcp = bytes + layout.transport;
	return (struct segment){ .flags = tcp[TCP_FLAGS],
				 .number = get32(tcp + TCP_SEQUENCE),
				 .ack = get32(tcp + TCP_ACK),
				 .window = get16(tcp + TCP_WINDOW),
				 .size = layout.end - layout.transport - layout.tcp_size };
}

/*
 * ---- one connection: the container's bytes begin with 7001, libslirp's with a test's number ----
 */

/* All connections of a test share the copies. */
static struct flight_copies copies;

struct link {
	struct flight flight;
	bool v4;
};

static struct link link_new(bool v4, uint32_t first, uint32_t width)
{
	struct link link = { .v4 = v4 };
	struct segment answer = { .flags = SYN | ACK, .number = first - 1, .ack = 7001 };
	struct segment done = { .flags = ACK, .number = 7001, .ack = first };
	const struct frame *frame = frame_of(TO_CONTAINER, v4, &answer);
	static struct frame copy;

	flight_begin(&link.flight, &frame->layout, frame->bytes);
	copy = *frame_of(FROM_CONTAINER, v4, &done);
	assert_true(flight_from_container(&link.flight, &copy.layout, copy.bytes, width));
	return link;
}

static void sent_with(struct link *link, uint8_t flags, uint32_t number, size_t size)
{
	struct segment segment = {
		.flags = flags, .number = number, .ack = 7001, .window = 50000, .size = size
	};
	const struct frame *frame = frame_of(TO_CONTAINER, link->v4, &segment);

	flight_to_container(&copies, &link->flight, &frame->layout, frame->bytes,
			    frame->bytes + frame->layout.transport + TCP_SIZE);
}

static void sent(struct link *link, uint32_t number, size_t size)
{
	sent_with(link, ACK, number, size);
}

/*
 * Returns the window of the segment that libslirp receives, or -1 for none; *ret_ack is its
 * acknowledgement.
 */
static int heard_with(struct link *link, const struct segment *segment, uint32_t width,
		      uint32_t *ret_ack)
{
	static struct frame frame;
	struct segment passed;

	frame = *frame_of(FROM_CONTAINER, link->v4, segment);
	if (!flight_from_container(&link->flight, &frame.layout, frame.bytes, width))
		return -1;
	assert_int_equal(checksum_add(layout_pseudo_sum(&frame.layout, frame.bytes),
				      frame.bytes + frame.layout.transport,
				      frame.layout.end - frame.layout.transport),
			 0xffff);
	passed = read_segment(frame.bytes, frame.layout.end);
	*ret_ack = passed.ack;
	return passed.window;
}

static int heard(struct link *link, uint32_t ack, uint32_t width, uint32_t *ret_ack)
{
	struct segment segment = { .flags = ACK,
				   .number = 7001,
				   .ack = ack,
				   .window = width > UINT16_MAX ? UINT16_MAX : (uint16_t)width };

	return heard_with(link, &segment, width, ret_ack);
}

static bool answered(struct segment *ret_answer)
{
	uint8_t bytes[HEADERS_SIZE_MAX];
	size_t size = flight_answer(&copies, bytes);

	if (size == 0)
		return false;
	*ret_answer = read_segment(bytes, size);
	return true;
}

static bool resent(int64_t now, struct segment *ret_again)
{
	static uint8_t bytes[70000];
	size_t size = flight_resend(&copies, now, bytes);
	const uint8_t *data;

	if (size == 0)
		return false;
	*ret_again = read_segment(bytes, size);
	data = bytes + size - ret_again->size;
	for (size_t i = 0; i < ret_again->size; i++)
		assert_int_equal(data[i], byte_of(ret_again->number + (uint32_t)i));
	return true;
}

static void release(struct link *link)
{
	flight_end(&link->flight);
	flight_copies_release(&copies);
	copies = (struct flight_copies){ .crowded = 0 };
}

/* ---- tests ---- */

static void what_is_small_is_left_to_libslirp(void **state)
{
	struct link link = link_new(true, 1000, WIDE);
	struct segment answer;
	uint32_t ack;

	(void)state;
	sent(&link, 1000, 1460);
	assert_false(answered(&answer));
	assert_int_equal(flight_timeout(&copies, 5), -1);
	assert_int_equal(heard(&link, 1000, WIDE, &ack), UINT16_MAX);
	assert_int_equal(ack, 1000);
	/*
	 * Bulk data after it is left to libslirp too, as an answer would acknowledge the small
	 * segment as well.
	 */
	sent(&link, 2460, SEGMENT);
	assert_false(answered(&answer));
	assert_int_equal(heard(&link, 2460 + SEGMENT, 3000, &ack), 3000);
	assert_int_equal(ack, 2460 + SEGMENT);
	release(&link);
}

static void an_answer_is_what_the_container_would_send(void **state)
{
	uint8_t bytes[HEADERS_SIZE_MAX];
	struct layout layout;
	size_t size;

	(void)state;
	for (int v4 = 0; v4 <= 1; v4++) {
		struct link link = link_new(v4, 1000, SEGMENT + 700);
		struct segment expected = {
			.flags = ACK, .number = 7001, .ack = 1000 + SEGMENT, .window = 700
		};

		sent(&link, 1000, SEGMENT);
		size = flight_answer(&copies, bytes);
		assert_true(layout_find(bytes, size, &layout));
		assert_int_equal(layout.end, size);
		assert_memory_equal(bytes, frame_of(FROM_CONTAINER, v4, &expected)->bytes, size);
		assert_int_equal(flight_answer(&copies, bytes), 0);
		release(&link);
	}
}

static void libslirp_hears_only_what_is_new(void **state)
{
	struct link link = link_new(true, 1000, WIDE);
	struct segment answer;
	uint32_t ack = 0;

	(void)state;
	sent(&link, 1000, SEGMENT);
	sent(&link, 1000 + SEGMENT, 100);
	assert_true(answered(&answer));
	assert_int_equal(answer.ack, 1100 + SEGMENT);
	assert_int_equal(answer.window, UINT16_MAX);
	/* The container acknowledges a part of what libslirp has been told already. */
	assert_int_equal(heard(&link, 3000, WIDE, &ack), -1);
	/* The window is nearly full. */
	assert_int_equal(heard(&link, 4000, SEGMENT - 2800, &ack), 100);
	assert_int_equal(ack, 1100 + SEGMENT);
	/* The container has less room now than was acknowledged for it. */
	assert_int_equal(heard(&link, 5000, 10, &ack), 0);
	assert_int_equal(ack, 1100 + SEGMENT);
	/* The container acknowledges everything. */
	assert_int_equal(heard(&link, 1100 + SEGMENT, 10, &ack), 10);
	assert_int_equal(ack, 1100 + SEGMENT);
	assert_int_equal(flight_timeout(&copies, 5), -1);
	release(&link);
}

static void what_asks_for_an_answer_is_passed_on(void **state)
{
	struct link link = link_new(true, 1000, WIDE);
	struct segment alive = { .flags = ACK, .number = 7000, .ack = 1000, .window = 65535 };
	struct segment data = alive, end = alive, reset = alive, answer;
	uint32_t ack = 0;

	(void)state;
	data.number = end.number = reset.number = 7001;
	data.size = 1;
	end.flags |= FIN;
	reset.flags |= RST;
	sent(&link, 1000, SEGMENT);
	assert_true(answered(&answer));
	assert_int_equal(heard_with(&link, &data, WIDE, &ack), 65535);
	assert_int_equal(ack, 1000 + SEGMENT);
	assert_int_equal(heard_with(&link, &end, WIDE, &ack), 65535);
	assert_int_equal(heard_with(&link, &reset, WIDE, &ack), 65535);
	/* A keep-alive probe. */
	assert_int_equal(heard_with(&link, &alive, WIDE, &ack), 65535);
	/* None of these segments is the sign of a loss. */
	assert_false(resent(5, &answer));
	/* libslirp may not have taken the window of the probe: the window is told again, once. */
	assert_int_equal(heard(&link, 2000, WIDE, &ack), 65535);
	assert_int_equal(heard(&link, 3000, WIDE, &ack), -1);
	release(&link);
}

static void no_room_is_promised_that_the_container_has_not(void **state)
{
	struct link link = link_new(true, 1000, SEGMENT);
	struct segment answer;

	(void)state;
	sent(&link, 1000, SEGMENT + 1);
	assert_false(answered(&answer));
	sent(&link, 1000, SEGMENT);
	assert_true(answered(&answer));
	assert_int_equal(answer.window, 0);
	release(&link);
}

static void no_more_is_kept_than_fits(void **state)
{
	struct link link = link_new(true, 1000, WIDE);
	struct segment answer;
	uint32_t number = 1000, ack;

	(void)state;
	for (; number + 32768 - 1000 <= COPY_SIZE; number += 32768) {
		sent(&link, number, 32768);
		assert_true(answered(&answer));
		assert_int_equal(answer.ack, number + 32768);
	}
	assert_int_equal(number - 1000, COPY_SIZE);
	sent(&link, number, 1);
	assert_false(answered(&answer));
	/* libslirp keeps this segment itself, and is told when it has arrived. */
	assert_int_equal(heard(&link, number, WIDE, &ack), -1);
	assert_int_equal(heard(&link, number + 1, WIDE, &ack), UINT16_MAX);
	assert_int_equal(ack, number + 1);
	sent(&link, number + 1, 32768);
	assert_true(answered(&answer));
	release(&link);
}

/* Acknowledged bytes make room, and the ring of kept bytes wraps around. */
static void room_is_used_again(void **state)
{
	struct link link = link_new(true, 1000, WIDE);
	struct segment segment;
	uint32_t number = 1000, ack;

	(void)state;
	for (int i = 0; i < 8; i++, number += 65000)
		sent(&link, number, 65000);
	assert_true(answered(&segment));
	assert_int_equal(heard(&link, 100000, WIDE, &ack), -1);
	sent(&link, number, 65000);
	number += 65000;
	assert_true(answered(&segment));
	assert_int_equal(segment.ack, number);
	/* Everything is lost. */
	assert_int_equal(heard(&link, 100000, WIDE, &ack), -1);
	for (uint32_t next = 100000; next != number; next += (uint32_t)segment.size) {
		assert_true(resent(5, &segment));
		assert_int_equal(segment.number, next);
		heard(&link, next + (uint32_t)segment.size, WIDE, &ack);
	}
	assert_false(resent(5, &segment));
	release(&link);
}

static void the_end_is_the_containers_to_acknowledge(void **state)
{
	struct link link = link_new(true, 1000, WIDE);
	struct segment answer;
	uint32_t ack;

	(void)state;
	sent(&link, 1000, SEGMENT);
	sent_with(&link, ACK | FIN, 1000 + SEGMENT, 0);
	assert_true(answered(&answer));
	assert_int_equal(answer.ack, 1000 + SEGMENT);
	assert_int_equal(heard(&link, 1000, WIDE, &ack), -1);
	assert_int_equal(heard(&link, 1001 + SEGMENT, WIDE, &ack), UINT16_MAX);
	assert_int_equal(ack, 1001 + SEGMENT);
	assert_int_equal(flight_timeout(&copies, 5), -1);
	release(&link);
	/* The data of a segment with FIN isn't kept. */
	link = link_new(true, 1000, WIDE);
	sent_with(&link, ACK | FIN, 1000, SEGMENT);
	assert_false(answered(&answer));
	release(&link);
}

static void a_repeated_acknowledgement_brings_what_is_lost(void **state)
{
	struct link link = link_new(true, 1000, WIDE);
	struct segment again;
	uint32_t ack;

	(void)state;
	for (uint32_t i = 0; i < 4; i++)
		sent(&link, 1000 + i * SEGMENT, SEGMENT);
	assert_true(answered(&again));
	assert_int_equal(heard(&link, 1000 + SEGMENT, WIDE, &ack), -1);
	assert_false(resent(5, &again));
	/* An acknowledgement with a wider window isn't a duplicate. */
	heard(&link, 1000 + SEGMENT, WIDE + 5, &ack);
	assert_false(resent(5, &again));
	assert_int_equal(heard(&link, 1000 + SEGMENT, WIDE + 5, &ack), -1);
	assert_true(resent(5, &again));
	assert_int_equal(again.number, 1000 + SEGMENT);
	assert_int_equal(again.size, SEGMENT);
	assert_int_equal(again.ack, 7001);
	assert_int_equal(again.window, 50000);
	assert_false(resent(5, &again));
	/* The segment is sent again once, however many duplicates follow. */
	assert_int_equal(heard(&link, 1000 + SEGMENT, WIDE + 5, &ack), -1);
	assert_false(resent(5, &again));
	/* A second segment was lost with the first. */
	assert_int_equal(heard(&link, 1000 + 2 * SEGMENT, WIDE, &ack), -1);
	assert_true(resent(5, &again));
	assert_int_equal(again.number, 1000 + 2 * SEGMENT);
	/* A segment that was sent later isn't sent again. */
	assert_int_equal(heard(&link, 1000 + 4 * SEGMENT, WIDE, &ack), -1);
	assert_false(resent(5, &again));
	release(&link);
}

static void silence_brings_it_again_and_then_an_end(void **state)
{
	struct link link = link_new(false, 1000, WIDE);
	struct segment again;
	int64_t now = 1000000, begin = now;
	int wait = 200;

	(void)state;
	sent(&link, 1000, SEGMENT);
	sent(&link, 1000 + SEGMENT, 10);
	assert_true(answered(&again));
	for (int i = 0; i < 80; i++) {
		assert_int_equal(flight_timeout(&copies, now), wait);
		assert_false(resent(now + wait - 1, &again));
		assert_int_equal(flight_timeout(&copies, now + wait - 1), 1);
		now += wait;
		assert_true(resent(now, &again));
		assert_int_equal(again.number, 1000);
		assert_int_equal(again.size, SEGMENT);
		assert_false(resent(now, &again));
		assert_false(answered(&again));
		wait = 2 * wait < 12000 ? 2 * wait : 12000;
	}
	assert_in_range(now - begin, 800000, 1000000);
	assert_int_equal(flight_timeout(&copies, now), wait);
	assert_false(resent(now + wait, &again));
	assert_true(answered(&again));
	assert_int_equal(again.flags, RST | ACK);
	assert_int_equal(again.number, 7001);
	assert_int_equal(flight_timeout(&copies, now), -1);
	release(&link);
}

static void who_answers_without_room_is_never_given_up(void **state)
{
	struct link link = link_new(true, 1000, WIDE);
	struct segment again;
	int64_t now = 1000;
	uint32_t ack;

	(void)state;
	sent(&link, 1000, SEGMENT);
	assert_true(answered(&again));
	for (int i = 0; i < 500; i++) {
		now += flight_timeout(&copies, now);
		assert_true(resent(now, &again));
		heard(&link, 1000, i % 2 ? WIDE : 0, &ack);
		while (resent(now, &again))
			;
		assert_false(answered(&again));
	}
	/* The retransmissions go on, every twelve seconds. */
	assert_int_equal(flight_timeout(&copies, now), 12000);
	release(&link);
}

/* The retransmission of the first part is due at the moment in which the second part is sent. */
static void an_answer_is_not_lost_to_the_clock(void **state)
{
	struct link link = link_new(true, 1000, WIDE);
	struct segment segment;

	(void)state;
	sent(&link, 1000, SEGMENT);
	assert_true(answered(&segment));
	assert_int_equal(flight_timeout(&copies, 1000), 200);
	sent(&link, 1000 + SEGMENT, SEGMENT);
	assert_true(resent(1200, &segment));
	assert_true(answered(&segment));
	assert_int_equal(segment.ack, 1000 + 2 * SEGMENT);
	release(&link);
}

static void an_answer_in_time_begins_the_wait_anew(void **state)
{
	struct link link = link_new(true, 1000, WIDE);
	struct segment again;
	uint32_t ack;

	(void)state;
	sent(&link, 1000, SEGMENT);
	assert_true(answered(&again));
	assert_int_equal(flight_timeout(&copies, 50), 200);
	assert_true(resent(250, &again));
	assert_int_equal(flight_timeout(&copies, 250), 400);
	heard(&link, 2000, WIDE, &ack);
	/* The segment was lost as a whole: its rest follows immediately. */
	assert_true(resent(300, &again));
	assert_int_equal(again.number, 2000);
	assert_int_equal(again.size, SEGMENT - 1000);
	assert_int_equal(flight_timeout(&copies, 300), 200);
	release(&link);
}

static void a_reset_ends_it(void **state)
{
	struct link link = link_new(true, 1000, WIDE);
	struct segment answer;

	(void)state;
	sent(&link, 1000, SEGMENT);
	sent_with(&link, RST | ACK, 1000 + SEGMENT, 0);
	assert_false(answered(&answer));
	assert_int_equal(flight_timeout(&copies, 5), -1);
	assert_null(link.flight.copy);
	release(&link);
}

static void an_impossible_acknowledgement_is_libslirps_to_judge(void **state)
{
	struct link link = link_new(true, 1000, WIDE);
	struct segment answer;
	uint32_t ack = 0;

	(void)state;
	sent(&link, 1000, SEGMENT);
	assert_true(answered(&answer));
	/*
	 * An acknowledgement of bytes that were never sent, and one of bytes acknowledged long ago.
	 */
	assert_int_equal(heard(&link, 1001 + SEGMENT, 700, &ack), 700);
	assert_int_equal(ack, 1001 + SEGMENT);
	assert_int_equal(heard(&link, 999, 700, &ack), 700);
	assert_int_equal(ack, 999);
	/* They change nothing. */
	assert_int_equal(heard(&link, 2000, WIDE, &ack), -1);
	assert_int_equal(flight_timeout(&copies, 5), 200);
	release(&link);
}

static void among_many_nobody_has_a_copy(void **state)
{
	struct link links[3] = { link_new(true, 1000, WIDE), link_new(true, 2000, WIDE),
				 link_new(true, 3000, WIDE) };
	struct segment answer;
	uint32_t ack;
	int refused = 0;

	(void)state;
	sent(&links[0], 1000, SEGMENT);
	sent(&links[1], 2000, SEGMENT);
	assert_true(answered(&answer));
	assert_true(answered(&answer));
	sent(&links[2], 3000, SEGMENT);
	assert_false(answered(&answer));
	/* The copies of the other connections end as soon as all their bytes are acknowledged. */
	sent(&links[0], 1000 + SEGMENT, SEGMENT);
	assert_false(answered(&answer));
	heard(&links[0], 1000 + SEGMENT, WIDE, &ack);
	heard(&links[1], 2000 + SEGMENT, WIDE, &ack);
	assert_int_equal(flight_timeout(&copies, 5), -1);
	/* After a while a copy is tried again. */
	for (; refused < 1000; refused++) {
		sent(&links[2], 3000, SEGMENT);
		if (answered(&answer))
			break;
	}
	assert_int_equal(refused, 256);
	flight_end(&links[0].flight);
	flight_end(&links[1].flight);
	release(&links[2]);
}

/* ---- a whole transfer over a link that loses frames ---- */

static uint32_t random_state;

/* A linear congruential generator, which gives the same numbers each time. */
static uint32_t random_below(uint32_t limit)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 8) % limit;
}

/* The container's kernel, which drops segments that are out of order. */
struct receiver {
	uint32_t next;
};

static void receive(struct receiver *receiver, const struct segment *segment)
{
	uint32_t end = segment->number + (uint32_t)segment->size;

	/* No byte beyond the offered window may be sent. */
	assert_true((int32_t)(end - (receiver->next + WIDE)) <= 0);
	if ((int32_t)(segment->number - receiver->next) <= 0 && (int32_t)(end - receiver->next) > 0)
		receiver->next = end;
}

/* @@loss: how many of a hundred frames are lost, in each direction. */
static void transfer(uint32_t first, uint32_t total, uint32_t loss)
{
	struct link link = link_new(true, first, WIDE);
	struct receiver receiver = { .next = first };
	uint32_t unacknowledged = first, next = first, last = first + total, window = UINT16_MAX;
	int64_t now = 1000;

	for (int round = 0; unacknowledged != last || receiver.next != last || link.flight.copy;
	     round++) {
		struct segment segment;
		uint32_t ack;
		int told;

		assert_in_range(round, 0, 1000000);
		/*
		 * libslirp sends what the window has room for, and sends it again after a long
		 * silence.
		 */
		if (flight_timeout(&copies, now) < 0 && next != unacknowledged)
			next = unacknowledged;
		while (next != last && next - unacknowledged < window) {
			uint32_t size = 1 + random_below(SEGMENT);

			if (size > last - next)
				size = last - next;
			if (size > window - (next - unacknowledged))
				size = window - (next - unacknowledged);
			sent(&link, next, size);
			if (random_below(100) >= loss)
				receive(&receiver,
					&(struct segment){ .number = next, .size = size });
			next += size;
			if (answered(&segment)) {
				assert_true((int32_t)(segment.ack - next) <= 0);
				unacknowledged = segment.ack;
				window = segment.window;
			}
		}
		while (resent(now, &segment))
			if (random_below(100) >= loss)
				receive(&receiver, &segment);
		if (random_below(100) >= loss) {
			told = heard(&link, receiver.next, WIDE, &ack);
			if (told >= 0 && (int32_t)(ack - unacknowledged) >= 0) {
				unacknowledged = ack;
				window = (uint32_t)told;
			}
			if ((int32_t)(next - unacknowledged) < 0)
				next = unacknowledged;
		}
		now += 10 + random_below(100);
	}
	assert_int_equal(flight_timeout(&copies, now), -1);
	release(&link);
}

static void all_arrives_whatever_is_lost(void **state)
{
	(void)state;
	for (uint32_t loss = 0; loss <= 50; loss += 10)
		for (random_state = 1; random_state < 6; random_state++) {
			uint32_t seed = random_state;

			transfer(1000 * seed, 3u << 20, loss);
			/* The sequence numbers wrap around during the transfer. */
			transfer(0xfffe0000u + seed, 3u << 20, loss);
			random_state = seed;
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_small_is_left_to_libslirp),
		cmocka_unit_test(an_answer_is_what_the_container_would_send),
		cmocka_unit_test(libslirp_hears_only_what_is_new),
		cmocka_unit_test(what_asks_for_an_answer_is_passed_on),
		cmocka_unit_test(no_room_is_promised_that_the_container_has_not),
		cmocka_unit_test(no_more_is_kept_than_fits),
		cmocka_unit_test(room_is_used_again),
		cmocka_unit_test(the_end_is_the_containers_to_acknowledge),
		cmocka_unit_test(a_repeated_acknowledgement_brings_what_is_lost),
		cmocka_unit_test(silence_brings_it_again_and_then_an_end),
		cmocka_unit_test(who_answers_without_room_is_never_given_up),
		cmocka_unit_test(an_answer_is_not_lost_to_the_clock),
		cmocka_unit_test(an_answer_in_time_begins_the_wait_anew),
		cmocka_unit_test(a_reset_ends_it),
		cmocka_unit_test(an_impossible_acknowledgement_is_libslirps_to_judge),
		cmocka_unit_test(among_many_nobody_has_a_copy),
		cmocka_unit_test(all_arrives_whatever_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
