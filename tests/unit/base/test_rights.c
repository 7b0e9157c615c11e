// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/rights.h"

struct pair {
	int a, b;
};

static struct pair pair_new(int type)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds), 0);
	return (struct pair){ fds[0], fds[1] };
}

static void pair_close(struct pair *pair)
{
	fd_close(&pair->a);
	fd_close(&pair->b);
}

static int count_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void descriptors_go_with_the_bytes(void **state)
{
	struct pair pair = pair_new(SOCK_SEQPACKET);
	char text[8] = "";
	struct iovec out = { "hello", 5 }, in = { text, sizeof(text) };
	int fds[2] = { -1, -1 };
	size_t count;

	(void)state;
	assert_int_equal(rights_send(pair.a, &out, 1, (int[2]){ pair.a, pair.b }, 2), 5);
	assert_int_equal(rights_receive(pair.b, &in, 1, 0, fds, 2, &count), 5);
	assert_string_equal(text, "hello");
	assert_int_equal(count, 2);
	for (int i = 0; i < 2; i++) {
		assert_true(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
		fd_close(&fds[i]);
	}
	pair_close(&pair);
}

static void more_than_were_asked_for_are_closed(void **state)
{
	struct pair pair = pair_new(SOCK_SEQPACKET);
	char byte;
	struct iovec out = { "x", 1 }, in = { &byte, 1 };
	int before = count_descriptors(), fds[1] = { -1 };
	size_t count = 7;

	(void)state;
	assert_int_equal(rights_send(pair.a, &out, 1, (int[3]){ 0, 1, 2 }, 3), 1);
	assert_int_equal(rights_receive(pair.b, &in, 1, 0, fds, 1, &count), -EPROTO);
	assert_int_equal(count, 0);
	assert_int_equal(fds[0], -1);
	assert_int_equal(count_descriptors(), before);
	pair_close(&pair);
}

static void an_empty_datagram_leaves_none_open(void **state)
{
	struct pair pair = pair_new(SOCK_DGRAM);
	char byte;
	struct iovec out = { &byte, 0 }, in = { &byte, 1 };
	int before = count_descriptors(), fds[1] = { -1 };
	size_t count = 7;

	(void)state;
	assert_int_equal(rights_send(pair.a, &out, 1, (int[2]){ 0, 1 }, 2), 0);
	assert_int_equal(rights_receive(pair.b, &in, 1, 0, fds, 1, &count), 0);
	assert_int_equal(count, 0);
	assert_int_equal(count_descriptors(), before);
	pair_close(&pair);
}

static void more_than_can_go_are_refused(void **state)
{
	struct pair pair = pair_new(SOCK_STREAM);
	struct iovec out = { "x", 1 };
	int fds[RIGHTS_MAX + 1] = { 0 };

	(void)state;
	assert_int_equal(rights_send(pair.a, &out, 1, fds, RIGHTS_MAX + 1), -EINVAL);
	pair_close(&pair);
}

static void an_end_and_a_peer_that_has_gone_are_no_signals(void **state)
{
	struct pair pair = pair_new(SOCK_STREAM);
	char byte;
	struct iovec out = { "x", 1 }, in = { &byte, 1 };
	int none;
	size_t count;

	(void)state;
	assert_int_equal(rights_receive(pair.b, &in, 1, MSG_DONTWAIT, &none, 0, &count), -EAGAIN);
	fd_close(&pair.a);
	assert_int_equal(rights_receive(pair.b, &in, 1, 0, &none, 0, &count), 0);
	assert_int_equal(rights_send(pair.b, &out, 1, NULL, 0), -EPIPE);
	pair_close(&pair);
}

static void the_last_words_of_a_peer_that_reset_are_read(void **state)
{
	struct pair pair = pair_new(SOCK_SEQPACKET);
	char byte = '\0';
	struct iovec in = { &byte, 1 };
	size_t count;

	(void)state;
	assert_int_equal(write(pair.b, "q", 1), 1);
	assert_int_equal(write(pair.a, "w", 1), 1);
	/* This end hasn't read the byte that it was sent. */
	fd_close(&pair.a);
	assert_int_equal(rights_receive(pair.b, &in, 1, 0, NULL, 0, &count), 1);
	assert_int_equal(byte, 'w');
	assert_int_equal(rights_receive(pair.b, &in, 1, 0, NULL, 0, &count), 0);
	pair_close(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(descriptors_go_with_the_bytes),
		cmocka_unit_test(the_last_words_of_a_peer_that_reset_are_read),
		cmocka_unit_test(more_than_were_asked_for_are_closed),
		cmocka_unit_test(an_empty_datagram_leaves_none_open),
		cmocka_unit_test(more_than_can_go_are_refused),
		cmocka_unit_test(an_end_and_a_peer_that_has_gone_are_no_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
