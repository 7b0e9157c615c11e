// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <linux/if_ether.h>
#include <stdbool.h>
#include <string.h>

#include "core/base/str.h"
#include "netns/slirp/checksum.h"
#include "netns/slirp/fragment.h"

#define MORE 0x2000

static uint8_t payload[70000];

static int make_payload(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(i * 31 + i / 256);
	return 0;
}

/*
 * Adds the bytes from @from on, @size of them, of the datagram @id; returns what fragments_add()
 * returns.
 */
static uint8_t *add(struct fragments *fragments, uint16_t id, size_t from, size_t size, bool more,
		    size_t *ret_size)
{
	static uint8_t frame[ETH_HLEN + 65535];
	struct layout layout;
	uint8_t *ip = frame + ETH_HLEN;

	memset(frame, 0, ETH_HLEN + 20);
	put16(frame + 12, ETH_P_IP);
	ip[0] = 0x45;
	put16(ip + 2, (uint16_t)(20 + size));
	put16(ip + 4, id);
	put16(ip + 6, (uint16_t)((more ? MORE : 0) | from / 8));
	ip[9] = 17;
	memcpy(ip + 12, "\x0a\x00\x02\x64\xc0\x00\x02\x01", 8);
	memcpy(ip + 20, payload + from, size);
	assert_true(layout_find(frame, ETH_HLEN + 20 + size, &layout));
	return fragments_add(fragments, &layout, frame, ret_size);
}

static void expect_whole(const uint8_t *frame, const size_t *size, size_t payload_size)
{
	assert_non_null(frame);
	assert_int_equal(*size, ETH_HLEN + 20 + payload_size);
	assert_int_equal(get16(frame + ETH_HLEN + 2), 20 + payload_size);
	assert_int_equal(get16(frame + ETH_HLEN + 6), 0);
	assert_int_equal(checksum_add(0, frame + ETH_HLEN, 20), 0xffff);
	assert_memory_equal(frame + ETH_HLEN + 20, payload, payload_size);
}

static void what_comes_in_order_becomes_whole(void **state)
{
	struct fragments *fragments = fragments_new();
	size_t size = 0;

	(void)state;
	assert_null(add(fragments, 7, 0, 1480, true, &size));
	assert_null(add(fragments, 7, 1480, 1480, true, &size));
	expect_whole(add(fragments, 7, 2960, 33, false, &size), &size, 2993);
	/* The datagram's place is free again. */
	assert_null(add(fragments, 7, 2960, 33, false, &size));
	fragments_free(fragments);
}

static void datagrams_do_not_mix(void **state)
{
	struct fragments *fragments = fragments_new();
	size_t size = 0;

	(void)state;
	for (uint16_t id = 0; id < 16; id++)
		assert_null(add(fragments, id, 0, 800, true, &size));
	for (uint16_t id = 0; id < 16; id++)
		expect_whole(add(fragments, id, 800, 8 + id, false, &size), &size, 808u + id);
	fragments_free(fragments);
}

/* A last fragment alone crashes some builds of libslirp 4.7. */
static void what_lacks_its_begin_is_dropped(void **state)
{
	struct fragments *fragments = fragments_new();
	size_t size = 0;

	(void)state;
	assert_null(add(fragments, 7, 16, 8, false, &size));
	assert_null(add(fragments, 7, 0, 16, true, &size));
	/* A gap, or bytes that are received twice, end the datagram. */
	assert_null(add(fragments, 7, 24, 8, false, &size));
	assert_null(add(fragments, 7, 16, 8, false, &size));
	assert_null(add(fragments, 8, 0, 16, true, &size));
	assert_null(add(fragments, 8, 8, 16, true, &size));
	assert_null(add(fragments, 8, 16, 8, false, &size));
	fragments_free(fragments);
}

static void the_first_one_again_begins_anew(void **state)
{
	struct fragments *fragments = fragments_new();
	size_t size = 0;

	(void)state;
	assert_null(add(fragments, 7, 0, 64, true, &size));
	assert_null(add(fragments, 7, 64, 64, true, &size));
	assert_null(add(fragments, 7, 0, 64, true, &size));
	expect_whole(add(fragments, 7, 64, 8, false, &size), &size, 72);
	fragments_free(fragments);
}

static void nothing_grows_above_a_packet(void **state)
{
	struct fragments *fragments = fragments_new();
	size_t size = 0, from;

	(void)state;
	assert_null(add(fragments, 7, 0, 16000, true, &size));
	for (from = 16000; from + 16000 <= 65515; from += 16000)
		assert_null(add(fragments, 7, from, 16000, true, &size));
	expect_whole(add(fragments, 7, from, 65515 - from, false, &size), &size, 65515);
	assert_null(add(fragments, 7, 0, 65512, true, &size));
	assert_null(add(fragments, 7, 65512, 4, false, &size));
	fragments_free(fragments);
}

static void the_oldest_gives_way(void **state)
{
	struct fragments *fragments = fragments_new();
	size_t size = 0;

	(void)state;
	for (uint16_t id = 0; id < 1000; id++)
		assert_null(add(fragments, id, 0, 800, true, &size));
	assert_null(add(fragments, 983, 800, 8, false, &size));
	expect_whole(add(fragments, 984, 800, 8, false, &size), &size, 808);
	expect_whole(add(fragments, 999, 800, 8, false, &size), &size, 808);
	fragments_free(fragments);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_comes_in_order_becomes_whole),
		cmocka_unit_test(datagrams_do_not_mix),
		cmocka_unit_test(what_lacks_its_begin_is_dropped),
		cmocka_unit_test(the_first_one_again_begins_anew),
		cmocka_unit_test(nothing_grows_above_a_packet),
		cmocka_unit_test(the_oldest_gives_way),
	};

	return cmocka_run_group_tests(tests, make_payload, NULL);
}
