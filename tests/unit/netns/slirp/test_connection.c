// SPDX-License-Identifier: Apache-2.0
#include "netns/slirp/window.h"
#include "tests/unit/netns/slirp/segments.h"

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
	connections_opened(connections, FD); /* the socket of another connection, or of datagrams */
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
	/* Another connection has a window of its own. */
	assert_int_equal(heard(connections, 4001, 64), 64);
	connections_free(connections);
}

/*
 * libslirp sends two of the largest segments, of 32768 bytes, only where the window has room for
 * both but one byte.
 */
static void the_widest_is_all_that_sixteen_bits_say(void **state)
{
	(void)state;
	assert_int_equal(window_narrow(1u << 30), 65535);
	assert_int_equal(window_narrow(65535), 65535);
	assert_int_equal(window_narrow(65000), 65000);
	assert_int_equal(window_narrow(0), 0);
}

/* Returns the flags with which libslirp receives a segment of the container with these numbers. */
static uint8_t passed_on(struct connections *connections, uint32_t number, uint32_t ack)
{
	struct segment sent = segment(FROM_CONTAINER, true, 4000, ACK, ack, 64, "", 0);
	uint8_t *tcp = sent.bytes + sent.layout.transport;

	put32(tcp + TCP_SEQUENCE, number);
	/* Without its flag the urgent pointer has no meaning. */
	put16(tcp + TCP_URGENT, 77);
	put16(tcp + TCP_CHECKSUM, 0);
	put16(tcp + TCP_CHECKSUM,
	      (uint16_t)~checksum_add(layout_pseudo_sum(&sent.layout, sent.bytes), tcp, TCP_SIZE));
	assert_true(connections_from_container(connections, &sent.layout, sent.bytes));
	assert_int_equal(checksum_add(layout_pseudo_sum(&sent.layout, sent.bytes), tcp, TCP_SIZE),
			 0xffff);
	if (tcp[TCP_FLAGS] & TCP_FLAG_URG)
		assert_int_equal(get16(tcp + TCP_URGENT), 0);
	assert_int_equal(window_of(&sent), 65535);
	return tcp[TCP_FLAGS];
}

/* In both directions, until the sequence numbers have wrapped around. */
static void libslirp_notes_a_window_long_before_it_looks_old(void **state)
{
	const uint32_t step = 32768;
	struct connections *connections = connected(4000);
	struct segment data = segment(TO_CONTAINER, true, 4000, ACK, 1000, 65535, "", 0);
	uint32_t number = 1000, ack = 1, since = 0;

	(void)state;
	assert_int_equal(passed_on(connections, number, ack), ACK);
	for (uint64_t done = 0; done < 5ull << 30; done += step) {
		number += step;
		answered(connections, 4000, ACK, number, 65535);
		since = passed_on(connections, number, ack) == ACK ? since + step : 0;
		assert_true(since < 1u << 30);
	}
	for (uint64_t done = since = 0; done < 5ull << 30; done += step) {
		put32(data.bytes + data.layout.transport + TCP_SEQUENCE, ack);
		data.layout.end = data.layout.transport + TCP_SIZE + 8191;
		connections_to_container(connections, &data.layout, data.bytes, NULL);
		ack += 8191;
		since = passed_on(connections, number, ack) == ACK ? since + 8191 : 0;
		assert_true(since < 1u << 30);
		done -= step - 8191;
	}
	connections_free(connections);
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

/* The buffer is 131072 bytes, rounded up to 90 segments of 1460. */
static void an_empty_buffer_is_offered_whole(void **state)
{
	const unsigned int room = 131400;
	struct connections *connections = connected(4000);
	struct segment answer;

	(void)state;
	connections_waits(connections, FD, false);
	answer = answered(connections, 4000, ACK, 1000, 65535);
	assert_int_equal(window_of(&answer), room >> 2);
	/* 5000 bytes were received: the right edge of the window stays. */
	answer = answered(connections, 4000, ACK, 6000, 65535);
	assert_int_equal(window_of(&answer), (room - 5000) >> 2);
	/* While received bytes wait to be written the edge stays. */
	connections_waits(connections, FD, true);
	answer = answered(connections, 4000, ACK, 60000, 65535);
	assert_int_equal(window_of(&answer), (room - 59000) >> 2);
	/* The edge doesn't depend on the window that libslirp offers by itself. */
	answer = answered(connections, 4000, ACK, 100000, 65535);
	assert_int_equal(window_of(&answer), (room - 99000) >> 2);
	/* The container has used the whole window, and the buffer is full. */
	answer = answered(connections, 4000, ACK, 1000 + room, 0);
	assert_int_equal(window_of(&answer), 0);
	answer = answered(connections, 4000, ACK, 1000 + room, 2920);
	assert_int_equal(window_of(&answer), 0);
	/* The bytes were written. */
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

/* Sends 9000 bytes, the first of libslirp's stream. */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_answer_to_an_offer_has_one),
		cmocka_unit_test(ipv6_has_it_too),
		cmocka_unit_test(who_offers_nothing_gets_nothing),
		cmocka_unit_test(a_start_without_a_socket_was_none),
		cmocka_unit_test(libslirp_hears_what_fits_sixteen_bits),
		cmocka_unit_test(the_widest_is_all_that_sixteen_bits_say),
		cmocka_unit_test(libslirp_notes_a_window_long_before_it_looks_old),
		cmocka_unit_test(without_knowing_the_window_stays_as_wide_as_it_is),
		cmocka_unit_test(an_empty_buffer_is_offered_whole),
		cmocka_unit_test(numbers_turn_around),
		cmocka_unit_test(a_closed_socket_ends_it),
		cmocka_unit_test(bulk_is_acknowledged_for_the_container),
		cmocka_unit_test(who_has_no_scaling_is_left_to_libslirp),
		cmocka_unit_test(many_connections_are_kept_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
