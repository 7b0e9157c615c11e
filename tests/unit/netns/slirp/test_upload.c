// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/netns/slirp/segments.h"

/* ---- window updates, for which the container waits ---- */

/* What libslirp waits for in a round. */
enum asked {
	ASKED_NOTHING, /* libslirp doesn't wait for the socket */
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

/* Returns false if the container is sent no update. */
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

/* Returns false if libslirp is sent no question. */
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

/* A connection after the container's first acknowledgement and the first round. */
static struct connections *settled(void)
{
	struct connections *connections = connected(4000);

	sent(connections, 1000, 0, 1, 64);
	round_of(connections, ASKED_TO_READ);
	answered(connections, 4000, ACK, 1000, 65535);
	return connections;
}

/* libslirp's window is garbage after it received more than that window allowed. */
static void nonsense_of_libslirps_window_moves_no_edge(void **state)
{
	struct connections *connections = settled();
	struct segment answer;

	(void)state;
	sent(connections, 1000, 67000, 1, 64);
	round_of(connections, ASKED_TO_WRITE);
	/* The window is 65535 - 67000, in 16 bits. */
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
	/* No update is sent while received bytes wait to be written. */
	round_of(connections, ASKED_TO_WRITE);
	assert_false(told(connections, &update));
	round_of(connections, ASKED_TO_READ);
	assert_true(told(connections, &update));
	assert_int_equal(update.ack, 101000);
	assert_int_equal(update.window, ROOM >> 2);
	/* The update is sent once. */
	assert_false(told(connections, &update));
	round_of(connections, ASKED_TO_READ);
	assert_false(told(connections, &update));
	connections_free(connections);
}

/*
 * This is so after the host called shutdown(SHUT_WR), or while the container takes none of the
 * host's bytes.
 */
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

/*
 * The largest segment is nearly as large as an unscaled window can be: an update is sent as soon as
 * it doesn't fit.
 */
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

/* libslirp delays acknowledgements while the container's own window is 0. */
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
	/* There is no answer, as the segment was lost: then only the container can go on. */
	assert_false(told(connections, &update));
	round_of(connections, ASKED_NOTHING);
	assert_false(asked(connections, &question));
	/* More bytes were received. */
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
	/* A window probe, and a segment with a nonsensical number. */
	sent(connections, 1000 + ROOM, 1, 1, 64);
	sent(connections, 0x70000000, 1000, 1, 64);
	round_of(connections, ASKED_NOTHING);
	assert_false(asked(connections, &question));
	assert_true(told(connections, &update));
	assert_int_equal(update.ack, 1000 + ROOM);
	connections_free(connections);
}

/* The container may have closed the connection already, and would answer with a reset. */
static void behind_its_end_the_container_is_told_nothing(void **state)
{
	struct connections *connections = settled();
	struct segment end = segment(FROM_CONTAINER, true, 4000, TCP_FLAG_FIN | ACK, 1, 64, "", 0);
	struct told update, question;

	(void)state;
	sent(connections, 1000, 100000, 1, 64);
	put32(end.bytes + end.layout.transport + TCP_SEQUENCE, 101000);
	connections_from_container(connections, &end.layout, end.bytes);
	round_of(connections, ASKED_NOTHING);
	assert_false(asked(connections, &question));
	answered(connections, 4000, ACK, 101001, 0);
	round_of(connections, ASKED_NOTHING);
	assert_false(asked(connections, &question));
	assert_false(told(connections, &update));
	connections_free(connections);
}

/* The container drops a segment with the number of libslirp's probe of a closed window. */
static void an_update_has_a_number_that_the_container_takes(void **state)
{
	struct connections *connections = settled();
	struct segment probe = segment(TO_CONTAINER, true, 4000, ACK, 1000, 65535, "", 0);
	struct told update;

	(void)state;
	/* The window ends at 1 + 2 * 1024. */
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
	/* A connection that has had its turn, the next one, and the last one. */
	connections_closed(connections, FD + 3);
	connections_closed(connections, FD + 2);
	connections_closed(connections, FD);
	assert_true(connections_ask(connections, frame) > 0);
	assert_int_equal(connections_ask(connections, frame), 0);
	connections_closed(connections, FD + 1);
	assert_int_equal(connections_tell(connections, frame), 0);
	connections_free(connections);
}

/* ---- a model of libslirp and of the container, without a clock ---- */

/*
 * Models the receiving side of libslirp 4.7.  Its window has at most 16 bits, and the difference to
 * the last window is computed without a sign.  It sends an update by itself only for half of the
 * buffer or for two segments.  A timer acknowledges segments that aren't "predicted", and it never
 * runs here.  The container sends whole segments only, and has neither a probe nor a timer.
 */
struct upload {
	struct connections *connections;
	unsigned int seed;
	uint32_t segment, room;
	unsigned int shift;		     /* the scaling of windows to the container */
	uint32_t received, advertised, held; /* libslirp's state */
	uint32_t next, edge;		     /* the container's state */
	bool is_slow;			     /* no segment is "predicted" */
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
	/* The container was never offered more than the buffer has room for. */
	assert_in_range(upload->segment, 0, upload->room - upload->held);
	upload->next += upload->segment;
	upload->received = upload->next;
	upload->held += upload->segment;
	/* If no bytes wait before it, the host's socket may take the segment immediately. */
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
		/* Once the host has taken all bytes, the container can send again. */
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
		/* Without window scaling. */
		upload("\x02\x04\xff\xc8", 4, 65480, 3 * 65480, slow, 9 * gib);
		upload("\x02\x04\x05\xb4", 4, 1460, ROOM, slow, 1 * gib);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nonsense_of_libslirps_window_moves_no_edge),
		cmocka_unit_test(a_drained_buffer_is_told_before_the_wait),
		cmocka_unit_test(a_socket_that_nobody_waits_for_has_an_empty_buffer),
		cmocka_unit_test(an_unscaled_window_is_told_too),
		cmocka_unit_test(half_of_the_room_is_enough),
		cmocka_unit_test(an_acknowledgement_that_is_put_off_is_asked_for_once),
		cmocka_unit_test(what_lies_behind_the_edge_is_not_waited_for),
		cmocka_unit_test(behind_its_end_the_container_is_told_nothing),
		cmocka_unit_test(an_update_has_a_number_that_the_container_takes),
		cmocka_unit_test(an_answer_to_the_syn_that_comes_again_changes_nothing),
		cmocka_unit_test(an_end_in_the_middle_of_a_round_is_survived),
		cmocka_unit_test(no_upload_stalls_in_whatever_order_things_happen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
