// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/str.h"
#include "core/sync/message.h"

/* ---- the order: MESSAGE_CONFIG ---- */

static const char *const texts[ORDER_SECTION_COUNT] = {
	[ORDER_CONFIG] = "{\"a\": 1}",
	[ORDER_ID] = "c1",
	[ORDER_STATE_CREATED] = "{}",
};

/* An order whose sections are @texts, and whose filter holds a NUL. */
static void pack(struct message_order *order, struct strbuf *payload)
{
	struct strbuf sections[ORDER_SECTION_COUNT] = { 0 };

	for (int i = 0; i < ORDER_SECTION_COUNT; i++)
		if (texts[i])
			strbuf_add_str(&sections[i], texts[i]);
	strbuf_add(&sections[ORDER_FILTER_BPF], "\0\1\0", 3);
	message_order_pack(order, sections, payload);
	for (int i = 0; i < ORDER_SECTION_COUNT; i++)
		strbuf_release(&sections[i]);
}

static int unpack(const struct strbuf *payload, size_t size, struct message_order *order,
		  const char **sections, struct error *err)
{
	struct message message = MESSAGE_NONE;

	message.type = MESSAGE_CONFIG;
	message.payload = payload->bytes;
	message.size = size;
	return message_order_unpack(&message, order, sections, err);
}

static void an_order_is_unpacked_as_it_was_packed(void **state)
{
	struct message_order order = { .flags = ORDER_FILTER | ORDER_SETNS, .pid = 77 }, read;
	const char *sections[ORDER_SECTION_COUNT];
	autostrbuf struct strbuf payload = { 0 };
	struct error err = ERROR_NONE;

	(void)state;
	pack(&order, &payload);
	if (unpack(&payload, payload.size, &read, sections, &err) < 0)
		fail_msg("%s", err.text);
	assert_memory_equal(&read, &order, sizeof(order));
	for (int i = 0; i < ORDER_SECTION_COUNT; i++) {
		if (i == ORDER_FILTER_BPF)
			continue;
		assert_int_equal(read.section_sizes[i], texts[i] ? strlen(texts[i]) : 0);
		assert_string_equal(sections[i], texts[i] ? texts[i] : "");
	}
	assert_int_equal(read.section_sizes[ORDER_FILTER_BPF], 3);
	assert_memory_equal(sections[ORDER_FILTER_BPF], "\0\1\0", 4);
	/* The sections are parts of the payload, and not copies. */
	assert_true(sections[ORDER_CONFIG] == payload.bytes + sizeof(order));
}

static void an_order_that_is_cut_anywhere_is_refused(void **state)
{
	struct message_order order = { 0 }, read = { .pid = 5 };
	const char *sections[ORDER_SECTION_COUNT];
	autostrbuf struct strbuf payload = { 0 };

	(void)state;
	pack(&order, &payload);
	for (size_t size = 0; size < payload.size; size++) {
		/* A copy of its own, so that the sanitizers see a read behind the end. */
		struct strbuf part = { .bytes = malloc(size + 1), .size = size };
		struct error err = ERROR_NONE;

		assert_non_null(part.bytes);
		memcpy(part.bytes, payload.bytes, size);
		part.bytes[size] = '\0';
		assert_int_equal(unpack(&part, size, &read, sections, &err), -1);
		assert_int_equal(err.code, EPROTO);
		free(part.bytes);
	}
	assert_int_equal(read.pid, 5);
}

/* Sizes that the sender chose: larger than the payload, or with a sum that wraps around. */
static void sizes_that_dont_fit_are_refused(void **state)
{
	static const uint32_t sizes[] = { 9, 1, 1u << 20, UINT32_MAX - 1, UINT32_MAX };

	(void)state;
	for (int section = 0; section < ORDER_SECTION_COUNT; section++)
		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
			struct message_order order = { 0 }, read;
			const char *sections[ORDER_SECTION_COUNT];
			autostrbuf struct strbuf payload = { 0 };
			struct error err = ERROR_NONE;

			pack(&order, &payload);
			memcpy(&order, payload.bytes, sizeof(order));
			order.section_sizes[section] = sizes[i];
			memcpy(payload.bytes, &order, sizeof(order));
			assert_int_equal(unpack(&payload, payload.size, &read, sections, &err), -1);
			assert_int_equal(err.code, EPROTO);
		}
}

static void bytes_behind_the_last_section_are_refused(void **state)
{
	struct message_order order = { 0 }, read;
	const char *sections[ORDER_SECTION_COUNT];
	autostrbuf struct strbuf payload = { 0 };
	struct error err = ERROR_NONE;

	(void)state;
	pack(&order, &payload);
	strbuf_add(&payload, "", 1);
	assert_int_equal(unpack(&payload, payload.size, &read, sections, &err), -1);
	assert_int_equal(err.code, EPROTO);
}

/* ---- release ---- */

static void what_nobody_took_is_closed(void **state)
{
	struct message message = MESSAGE_NONE;
	int kept = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int closed = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	message.payload = str_dup("payload");
	message.fds[0] = -1; /* taken */
	message.fds[1] = closed;
	message.fd_count = 2;
	message_release(&message);
	assert_null(message.payload);
	assert_int_equal(fcntl(closed, F_GETFD), -1);
	assert_true(fcntl(kept, F_GETFD) >= 0);
	close(kept);
	/* A second time nothing is left to do, even where the number is used again. */
	closed = open("/dev/null", O_RDONLY | O_CLOEXEC);
	message_release(&message);
	assert_true(fcntl(closed, F_GETFD) >= 0);
	close(closed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_order_is_unpacked_as_it_was_packed),
		cmocka_unit_test(an_order_that_is_cut_anywhere_is_refused),
		cmocka_unit_test(sizes_that_dont_fit_are_refused),
		cmocka_unit_test(bytes_behind_the_last_section_are_refused),
		cmocka_unit_test(what_nobody_took_is_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
