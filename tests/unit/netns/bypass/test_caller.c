// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "netns/bypass/caller.h"

static int proc;

static int open_proc(void **state)
{
	(void)state;
	proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return proc < 0 ? -1 : 0;
}

static uint64_t inode_of(int fd)
{
	struct stat status;

	assert_int_equal(fstat(fd, &status), 0);
	return status.st_ino;
}

static void a_file_of_fdinfo_is_read(void **state)
{
	static const char of_socket[] = "pos:\t0\nflags:\t02000002\nmnt_id:\t10\nino:\t8123\n";
	static const char of_epoll[] =
		"pos:\t0\nflags:\t02\nmnt_id:\t15\nino:\t77\n"
		"tfd:        5 events:       19 data:                5  pos:0 ino:1fbb sdev:9\n"
		"tfd:        6 events:       19 data:                6  pos:0 ino:1fbc sdev:9\n";
	struct caller_descriptor read = caller_descriptor_read(of_socket, 8123);

	(void)state;
	assert_int_equal(read.inode, 8123);
	assert_true(read.cloexec);
	assert_false(read.watches);
	read = caller_descriptor_read(of_epoll, 0x1fbc);
	assert_int_equal(read.inode, 77);
	assert_false(read.cloexec);
	assert_true(read.watches);
	assert_false(caller_descriptor_read(of_epoll, 0x1fbd).watches);
	assert_int_equal(caller_descriptor_read("", 1).inode, 0);
}

static void a_descriptor_that_nothing_else_holds_is_told_with_its_mark(void **state)
{
	autoclose int marked = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	autoclose int plain = socket(AF_INET, SOCK_STREAM, 0);
	bool cloexec = false;

	(void)state;
	assert_int_equal(caller_holds_alone(proc, gettid(), marked, inode_of(marked), &cloexec), 1);
	assert_true(cloexec);
	assert_int_equal(caller_holds_alone(proc, gettid(), plain, inode_of(plain), &cloexec), 1);
	assert_false(cloexec);
	assert_int_equal(caller_holds_alone(proc, gettid(), plain, UINT64_MAX, &cloexec), -EBADF);
}

static void a_duplicate_and_an_epoll_set_are_found(void **state)
{
	autoclose int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	autoclose int set = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = { .events = EPOLLIN };
	bool cloexec;
	int copy = dup(fd);

	(void)state;
	assert_int_equal(caller_holds_alone(proc, gettid(), fd, inode_of(fd), &cloexec), 0);
	close(copy);
	assert_int_equal(caller_holds_alone(proc, gettid(), fd, inode_of(fd), &cloexec), 1);
	assert_int_equal(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event), 0);
	assert_int_equal(caller_holds_alone(proc, gettid(), fd, inode_of(fd), &cloexec), 0);
}

static void memory_and_descriptors_are_read(void **state)
{
	static const char text[] = "bytes";
	char copy[sizeof(text)] = "";
	autoclose int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), other = -1;

	(void)state;
	assert_int_equal(caller_read(gettid(), (uintptr_t)text, copy, sizeof(copy)), 0);
	assert_string_equal(copy, text);
	assert_int_equal(caller_read(gettid(), 8, copy, sizeof(copy)), -EFAULT);
	other = caller_duplicate(proc, gettid(), fd);
	assert_true(other >= 0);
	assert_int_equal(inode_of(other), inode_of(fd));
	assert_int_equal(caller_duplicate(proc, gettid(), 9999), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_of_fdinfo_is_read),
		cmocka_unit_test(a_descriptor_that_nothing_else_holds_is_told_with_its_mark),
		cmocka_unit_test(a_duplicate_and_an_epoll_set_are_found),
		cmocka_unit_test(memory_and_descriptors_are_read),
	};

	return cmocka_run_group_tests(tests, open_proc, NULL);
}
