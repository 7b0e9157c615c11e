// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "netns/host_resolv.h"

static const struct network_options host = { .kind = NETWORK_HOST };

/* Makes a container's file with this text, and its follower. */
static int begin(struct resolv_follower *follower, const char *text)
{
	int fd = memfd_create("resolv.conf", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	resolv_follower_begin(follower, fd);
	return fd;
}

static void expect_text(int fd, const char *expected)
{
	char text[256];
	ssize_t size = pread(fd, text, sizeof(text) - 1, 0);

	assert_true(size >= 0);
	text[size] = '\0';
	assert_string_equal(text, expected);
}

static void update(struct resolv_follower *follower, const char *text)
{
	resolv_follower_update(follower, &host, text, strlen(text));
}

static void a_file_follows_to_longer_and_shorter_texts(void **state)
{
	struct resolv_follower follower;
	int fd = begin(&follower, "search a\n");

	(void)state;
	update(&follower, "search a.longer.example\n");
	expect_text(fd, "search a.longer.example\n");
	assert_true(file_is_marked(fd));
	update(&follower, "search b\n");
	expect_text(fd, "search b\n");
	update(&follower, "");
	expect_text(fd, "");
	update(&follower, "search c\n");
	expect_text(fd, "search c\n");
	resolv_follower_release(&follower);
}

static void a_file_that_was_changed_is_left_alone(void **state)
{
	struct resolv_follower follower;
	int fd = begin(&follower, "search a\n");

	(void)state;
	assert_int_equal(pwrite(fd, "search m\n", 9, 0), 9);
	update(&follower, "search b\n");
	expect_text(fd, "search m\n");
	assert_int_equal(pwrite(fd, "search a\nmore\n", 14, 0), 14);
	update(&follower, "search b\n");
	expect_text(fd, "search a\nmore\n");
	resolv_follower_release(&follower);
}

/* A file in a FUSE file system of another user namespace can't be truncated. */
static void a_file_that_cannot_be_cut_ends_in_empty_lines(void **state)
{
	struct resolv_follower follower;
	int fd = begin(&follower, "search a.example\n");

	(void)state;
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	update(&follower, "search b\n");
	expect_text(fd, "search b\n\n\n\n\n\n\n\n\n");
	update(&follower, "search c.example\n");
	expect_text(fd, "search c.example\n");
	resolv_follower_release(&follower);
}

static void a_follower_that_has_ended_writes_nothing(void **state)
{
	struct resolv_follower follower;
	int fd = begin(&follower, "search a\n");
	autoclose int copy = dup(fd);

	(void)state;
	resolv_follower_release(&follower);
	update(&follower, "search b\n");
	expect_text(copy, "search a\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_follows_to_longer_and_shorter_texts),
		cmocka_unit_test(a_file_that_was_changed_is_left_alone),
		cmocka_unit_test(a_file_that_cannot_be_cut_ends_in_empty_lines),
		cmocka_unit_test(a_follower_that_has_ended_writes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
