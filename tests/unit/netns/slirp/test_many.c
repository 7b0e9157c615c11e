// SPDX-License-Identifier: Apache-2.0
// Many connections at a time: which of them are young, and which are finished.
#include "core/base/clock.h"
#include "tests/unit/netns/slirp/segments.h"

#define FIN 0x01

static void open_connection(struct connections *connections, uint16_t port, int fd)
{
	syn(connections, port, OPTIONS, OPTION_SIZE);
	connections_opened(connections, fd);
	connections_settle(connections);
}

/* ---- young connections ---- */

static void connections_are_young_until_they_end_or_some_time_has_passed(void **state)
{
	struct connections *connections = connections_new();
	struct segment repeated = segment(FROM_CONTAINER, true, 4001, SYN, 0, 0, "", 0);
	int64_t begin = clock_ms();
	int wait_ms;

	(void)state;
	assert_int_equal(connections_young(connections, begin, &wait_ms), 0);
	assert_int_equal(wait_ms, -1);
	assert_false(connections_has(connections, &repeated.layout, repeated.bytes));
	for (int i = 0; i < 5; i++)
		open_connection(connections, (uint16_t)(4000 + i), FD + i);
	assert_true(connections_has(connections, &repeated.layout, repeated.bytes));
	assert_int_equal(connections_young(connections, begin, &wait_ms), 5);
	assert_true(wait_ms >= CONNECTION_YOUNG_MS);
	/* The first ends, one in the middle, and the last; then there is a new last one. */
	connections_closed(connections, FD);
	connections_closed(connections, FD + 2);
	connections_closed(connections, FD + 4);
	assert_int_equal(connections_young(connections, begin, &wait_ms), 2);
	open_connection(connections, 5000, FD + 5);
	assert_int_equal(connections_young(connections, begin, &wait_ms), 3);
	assert_int_equal(connections_young(connections, clock_ms() + CONNECTION_YOUNG_MS, &wait_ms),
			 0);
	assert_int_equal(wait_ms, -1);
	connections_closed(connections, FD + 1);
	open_connection(connections, 5001, FD + 6);
	assert_int_equal(connections_young(connections, begin, &wait_ms), 1);
	connections_free(connections);
}

static void connections_are_unserved_until_the_host_sends_or_they_end(void **state)
{
	static const uint8_t bytes[100];
	struct connections *connections = connections_new();
	struct segment data = segment(TO_CONTAINER, true, 4000, ACK, 1000, 65535, "", 0);

	(void)state;
	put32(data.bytes + data.layout.transport + TCP_SEQUENCE, 1);
	data.layout.end += sizeof(bytes);
	open_connection(connections, 4000, FD);
	open_connection(connections, 4001, FD + 1);
	answered(connections, 4000, SYN | ACK, 1000, 65535);
	answered(connections, 4000, ACK, 1000, 65535);
	heard(connections, 4000, 64);
	assert_int_equal(connections_unserved(connections), 2);
	connections_to_container(connections, &data.layout, data.bytes, bytes);
	assert_int_equal(connections_unserved(connections), 1);
	connections_closed(connections, FD + 1);
	connections_closed(connections, FD);
	assert_int_equal(connections_unserved(connections), 0);
	connections_free(connections);
}

/* ---- finished connections ---- */

static void send_segment(struct connections *connections, enum way way, uint8_t flags,
			 uint32_t number, uint32_t ack)
{
	struct segment sent = segment(way, true, 4000, flags, ack, 100, "", 0);

	put32(sent.bytes + sent.layout.transport + TCP_SEQUENCE, number);
	if (way == FROM_CONTAINER)
		connections_from_container(connections, &sent.layout, sent.bytes);
	else
		connections_to_container(connections, &sent.layout, sent.bytes, NULL);
}

/* The host's stream ends at 1, and the container's at 1000. */
static struct connections *ended(void)
{
	struct connections *connections = connected(4000);

	connections_begin_round(connections);
	send_segment(connections, TO_CONTAINER, FIN | ACK, 1, 1000);
	send_segment(connections, FROM_CONTAINER, FIN | ACK, 1000, 2);
	return connections;
}

static void what_both_have_ended_is_freed_at_once(void **state)
{
	struct connections *connections = ended();
	uint8_t frame[HEADERS_SIZE_MAX];
	struct layout layout;
	size_t size;

	(void)state;
	/* libslirp hasn't acknowledged the container's end. */
	assert_int_equal(connections_finish(connections, frame), 0);
	send_segment(connections, TO_CONTAINER, ACK, 2, 1001);
	size = connections_finish(connections, frame);
	assert_true(layout_find(frame, size, &layout));
	assert_int_equal(get16(frame + layout.transport + TCP_SOURCE), 4000);
	assert_int_equal(get32(frame + layout.transport + TCP_SEQUENCE), 1001);
	assert_int_equal(frame[layout.transport + TCP_FLAGS] & TCP_FLAG_RST, TCP_FLAG_RST);
	assert_int_equal(connections_finish(connections, frame), 0);
	connections_closed(connections, FD);
	connections_free(connections);
}

static void what_waits_to_be_written_is_waited_for(void **state)
{
	struct connections *connections = ended();
	uint8_t frame[HEADERS_SIZE_MAX];

	(void)state;
	connections_waits(connections, FD, true);
	send_segment(connections, TO_CONTAINER, ACK, 2, 1001);
	assert_int_equal(connections_finish(connections, frame), 0);
	connections_begin_round(connections);
	connections_waits(connections, FD, true);
	assert_int_equal(connections_finish(connections, frame), 0);
	connections_begin_round(connections);
	assert_true(connections_finish(connections, frame) > 0);
	connections_free(connections);
}

static void half_an_end_frees_nothing(void **state)
{
	struct connections *connections = connected(4000);
	uint8_t frame[HEADERS_SIZE_MAX];

	(void)state;
	connections_begin_round(connections);
	send_segment(connections, TO_CONTAINER, FIN | ACK, 1, 1000);
	send_segment(connections, FROM_CONTAINER, ACK, 1000, 2);
	assert_int_equal(connections_finish(connections, frame), 0);
	connections_free(connections);
	/* The container's FIN doesn't acknowledge the host's. */
	connections = connected(4000);
	connections_begin_round(connections);
	send_segment(connections, TO_CONTAINER, FIN | ACK, 1, 1000);
	send_segment(connections, FROM_CONTAINER, FIN | ACK, 1000, 1);
	send_segment(connections, TO_CONTAINER, ACK, 2, 1001);
	assert_int_equal(connections_finish(connections, frame), 0);
	connections_free(connections);
}

static void what_ends_by_itself_is_forgotten(void **state)
{
	struct connections *connections = ended();
	uint8_t frame[HEADERS_SIZE_MAX];

	(void)state;
	send_segment(connections, TO_CONTAINER, ACK, 2, 1001);
	connections_closed(connections, FD);
	assert_int_equal(connections_finish(connections, frame), 0);
	connections_free(connections);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connections_are_young_until_they_end_or_some_time_has_passed),
		cmocka_unit_test(connections_are_unserved_until_the_host_sends_or_they_end),
		cmocka_unit_test(what_both_have_ended_is_freed_at_once),
		cmocka_unit_test(what_waits_to_be_written_is_waited_for),
		cmocka_unit_test(half_an_end_frees_nothing),
		cmocka_unit_test(what_ends_by_itself_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
