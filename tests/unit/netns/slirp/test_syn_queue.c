// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "netns/slirp/checksum.h"
#include "netns/slirp/syn_queue.h"

#define SYN 0x02
#define ACK 0x10

struct frame {
	uint8_t bytes[HEADERS_SIZE_MAX + 64];
	struct layout layout;
};

static struct frame segment(bool v4, uint16_t source, uint16_t target, uint8_t flags,
			    uint32_t number, size_t data)
{
	struct frame frame = { .bytes = { 0 } };
	size_t ip_size = v4 ? IPV4_SIZE : IPV6_SIZE;
	uint8_t *ip = frame.bytes + ETH_HLEN, *tcp = ip + ip_size;

	put16(frame.bytes + 12, v4 ? ETH_P_IP : ETH_P_IPV6);
	ip[0] = v4 ? 0x45 : 0x60;
	put16(ip + (v4 ? 2 : 4), (uint16_t)((v4 ? ip_size : 0) + TCP_SIZE + data));
	ip[v4 ? 9 : 6] = IPPROTO_TCP;
	memset(ip + (v4 ? 12 : 8), 7, v4 ? 8 : 32);
	put16(tcp + TCP_SOURCE, source);
	put16(tcp + TCP_TARGET, target);
	put32(tcp + TCP_SEQUENCE, number);
	tcp[TCP_LENGTH] = TCP_SIZE / 4 << 4;
	tcp[TCP_FLAGS] = flags;
	assert_true(layout_find(frame.bytes, ETH_HLEN + ip_size + TCP_SIZE + data, &frame.layout));
	return frame;
}

static bool add(struct syn_queue *queue, bool v4, uint16_t source, uint16_t target, uint32_t number)
{
	struct frame frame = segment(v4, source, target, SYN, number, 0);

	return syn_queue_add(queue, &frame.layout, frame.bytes);
}

static void take(struct syn_queue *queue, uint16_t source, uint32_t number)
{
	struct syn syn;

	assert_true(syn_queue_take(queue, &syn));
	assert_int_equal(syn.size, syn.layout.end);
	assert_int_equal(get16(syn.frame + syn.layout.transport + TCP_SOURCE), source);
	assert_int_equal(get32(syn.frame + syn.layout.transport + TCP_SEQUENCE), number);
}

static void only_a_syn_without_data_can_wait(void **state)
{
	struct frame frame = segment(true, 1, 80, SYN, 5, 0);

	(void)state;
	assert_true(syn_can_wait(&frame.layout, frame.bytes));
	frame = segment(true, 1, 80, SYN | ACK, 5, 0);
	assert_false(syn_can_wait(&frame.layout, frame.bytes));
	frame = segment(true, 1, 80, ACK, 5, 0);
	assert_false(syn_can_wait(&frame.layout, frame.bytes));
	frame = segment(true, 1, 80, SYN, 5, 1);
	assert_false(syn_can_wait(&frame.layout, frame.bytes));
	frame = segment(false, 1, 80, SYN, 5, 0);
	assert_true(syn_can_wait(&frame.layout, frame.bytes));
	frame.layout.tcp_size = 0;
	assert_false(syn_can_wait(&frame.layout, frame.bytes));
}

static void syns_leave_in_the_order_of_their_arrival(void **state)
{
	struct syn_queue queue = { .syns = NULL };
	struct syn syn;
	uint16_t next = 1;

	(void)state;
	assert_false(syn_queue_take(&queue, &syn));
	/* The ring turns around, and grows while it does. */
	for (uint16_t i = 1; i <= 3000; i++) {
		assert_true(add(&queue, i % 2, i, 80, i));
		if (i % 3 == 0) {
			take(&queue, next, next);
			next++;
		}
	}
	for (; next <= 3000; next++)
		take(&queue, next, next);
	assert_false(syn_queue_take(&queue, &syn));
	/* A burst's memory is given back after it. */
	assert_int_equal(queue.room, 0);
	syn_queue_release(&queue);
}

static void a_syn_that_is_sent_again_keeps_its_place(void **state)
{
	struct syn_queue queue = { .syns = NULL };
	struct syn syn;

	(void)state;
	assert_true(add(&queue, true, 1000, 80, 1));
	assert_true(add(&queue, true, 1000, 81, 2));
	assert_true(add(&queue, false, 1000, 80, 3));
	assert_true(add(&queue, true, 1000, 80, 4));
	take(&queue, 1000, 4);
	take(&queue, 1000, 2);
	take(&queue, 1000, 3);
	assert_false(syn_queue_take(&queue, &syn));
	syn_queue_release(&queue);
}

static void a_full_queue_takes_no_more(void **state)
{
	struct syn_queue queue = { .syns = NULL };

	(void)state;
	for (uint16_t i = 0; i < SYN_QUEUE_MAX; i++)
		assert_true(add(&queue, true, i, 80, i));
	assert_false(add(&queue, true, SYN_QUEUE_MAX, 80, 0));
	assert_true(add(&queue, true, 5, 80, 77));
	take(&queue, 0, 0);
	assert_true(add(&queue, true, SYN_QUEUE_MAX, 80, 0));
	syn_queue_release(&queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_a_syn_without_data_can_wait),
		cmocka_unit_test(syns_leave_in_the_order_of_their_arrival),
		cmocka_unit_test(a_syn_that_is_sent_again_keeps_its_place),
		cmocka_unit_test(a_full_queue_takes_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
