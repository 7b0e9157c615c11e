// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cmocka.h>

#include "netns/slirp/pollset.h"

static void round_of(struct pollset *set, int fd)
{
	pollset_begin(set);
	pollset_ask(set, fd, EPOLLIN);
	pollset_end(set);
}

/*
 * The kernel refuses to watch a regular file, as it refuses any descriptor when it has no memory.
 */
static void what_cant_be_watched_is_asked_for_again(void **state)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), ends[2];
	struct pollset set = POLLSET_NONE;
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(pollset_open(&set, &err), 0);
	round_of(&set, fd);
	/* The alarm ends the test if this waits for ever. */
	assert_int_equal(pollset_wait(&set, -1), 0);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(dup2(ends[0], fd), fd);
	round_of(&set, fd);
	assert_int_equal(pollset_wait(&set, -1), 1);
	assert_int_equal(pollset_returned(&set, fd), EPOLLIN);
	pollset_close(&set);
}

static void what_isnt_asked_for_any_more_returns_nothing(void **state)
{
	struct pollset set = POLLSET_NONE;
	struct error err = ERROR_NONE;
	int ends[2];

	(void)state;
	assert_int_equal(pollset_open(&set, &err), 0);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	round_of(&set, ends[0]);
	assert_int_equal(pollset_wait(&set, -1), 1);
	pollset_begin(&set);
	pollset_end(&set);
	assert_int_equal(pollset_wait(&set, 0), 0);
	assert_int_equal(pollset_returned(&set, ends[0]), 0);
	pollset_close(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_cant_be_watched_is_asked_for_again),
		cmocka_unit_test(what_isnt_asked_for_any_more_returns_nothing),
	};

	alarm(20);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
