// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "netns/bypass/caller.h"

static struct caller caller = CALLER_NONE;

static int open_proc(void **state)
{
	(void)state;
	caller.proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return caller.proc < 0 ? -1 : 0;
}

/* Makes @thread the one that is looked at. */
static void call_from(pid_t thread)
{
	int fd = caller_duplicate(&caller, thread, STDOUT_FILENO);

	assert_true(fd >= 0);
	close(fd);
}

static void the_mark_of_a_descriptor_is_read(void **state)
{
	autoclose int marked = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	autoclose int plain = socket(AF_INET, SOCK_STREAM, 0);

	(void)state;
	call_from(gettid());
	assert_true(caller_is_cloexec(&caller, marked));
	assert_false(caller_is_cloexec(&caller, plain));
	assert_false(caller_is_cloexec(&caller, 9999));
}

/* A child has the descriptors of the test, and no other process compares them with its own. */
static pid_t make_child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(1);
	}
	assert_true(pid > 0);
	return pid;
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static int look(int fd)
{
	pid_t child = make_child();
	int result;

	call_from(child);
	result = caller_holds_alone(&caller, fd, fd);
	end_child(child);
	return result;
}

static void a_descriptor_that_nothing_else_holds_is_told(void **state)
{
	autoclose int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	autoclose int other = socket(AF_INET, SOCK_STREAM, 0);
	autoclose int high = fcntl(other, F_DUPFD_CLOEXEC, 700), late = -1;
	pid_t child = make_child();

	(void)state;
	assert_true(high >= 0);
	assert_int_equal(look(fd), 1);
	/* It was opened after the child's birth, so the child doesn't have it. */
	late = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	call_from(child);
	assert_int_equal(caller_holds_alone(&caller, late, late), -EBADF);
	end_child(child);
	assert_true(caller_holds_alone(&caller, fd, fd) < 0);
}

static void a_duplicate_and_an_epoll_set_are_found(void **state)
{
	autoclose int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	autoclose int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	autoclose int set = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = { .events = EPOLLIN };
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 600);

	(void)state;
	assert_int_equal(look(fd), 0);
	close(copy);
	assert_int_equal(look(fd), 1);
	assert_int_equal(epoll_ctl(set, EPOLL_CTL_ADD, other, &event), 0);
	assert_int_equal(look(fd), 1);
	assert_int_equal(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event), 0);
	assert_int_equal(look(fd), 0);
}

static void a_socket_is_found_in_an_epoll_set_that_knows_another_number(void **state)
{
	int first = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	autoclose int set = epoll_create1(EPOLL_CLOEXEC), moved = -1;
	struct epoll_event event = { .events = EPOLLIN };

	(void)state;
	assert_int_equal(epoll_ctl(set, EPOLL_CTL_ADD, first, &event), 0);
	moved = fcntl(first, F_DUPFD_CLOEXEC, 500);
	close(first);
	assert_int_equal(look(moved), 0);
}

static void the_text_of_an_epoll_set_is_read(void **state)
{
	static const char text[] =
		"pos:\t0\nflags:\t02\nmnt_id:\t15\nino:\t77\n"
		"tfd:        5 events:       19 data:                5  pos:0 ino:1fbb sdev:9\n"
		"tfd:        6 events:       19 data:                6  pos:0 ino:1fbc sdev:9\n";

	(void)state;
	assert_true(caller_watches(text, 0x1fbc));
	assert_false(caller_watches(text, 0x1fbd));
	assert_false(caller_watches(text, 77));
	assert_false(caller_watches("", 1));
}

static void a_process_with_too_many_descriptors_is_left_alone(void **state)
{
	autoclose int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	static int more[CALLER_DESCRIPTORS_MAX];
	struct rlimit limit;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	if (limit.rlim_max < 2 * CALLER_DESCRIPTORS_MAX || setrlimit(RLIMIT_NOFILE, &limit) < 0)
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(more); i++)
		assert_true((more[i] = fcntl(caller.proc, F_DUPFD_CLOEXEC, 0)) >= 0);
	assert_int_equal(look(fd), 0);
	for (size_t i = 0; i < ARRAY_SIZE(more); i++)
		close(more[i]);
	assert_int_equal(look(fd), 1);
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
	other = caller_duplicate(&caller, gettid(), fd);
	assert_true(other >= 0);
	assert_int_equal(syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, other, fd), 0);
	assert_int_equal(caller_duplicate(&caller, gettid(), 9999), -EBADF);
}

/* Clone3's set_tid needs rights, so the number of a new process can't be that of the old one: a stale entry is made by hand. */
static void a_thread_with_the_number_of_one_that_has_ended_is_looked_at_anew(void **state)
{
	pid_t first = make_child(), second = make_child();
	autoclose int marked = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), other = -1;

	(void)state;
	call_from(first);
	end_child(first);
	assert_int_equal(caller_duplicate(&caller, first, STDOUT_FILENO), -ESRCH);
	call_from(second);
	end_child(second);
	/* As if the second child's number were ours now. */
	caller.thread = gettid();
	other = caller_duplicate(&caller, gettid(), marked);
	assert_true(other >= 0);
	assert_int_equal(syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, other, marked), 0);
	assert_true(caller_is_cloexec(&caller, marked));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thread_with_the_number_of_one_that_has_ended_is_looked_at_anew),
		cmocka_unit_test(the_mark_of_a_descriptor_is_read),
		cmocka_unit_test(a_descriptor_that_nothing_else_holds_is_told),
		cmocka_unit_test(a_duplicate_and_an_epoll_set_are_found),
		cmocka_unit_test(a_socket_is_found_in_an_epoll_set_that_knows_another_number),
		cmocka_unit_test(the_text_of_an_epoll_set_is_read),
		cmocka_unit_test(a_process_with_too_many_descriptors_is_left_alone),
		cmocka_unit_test(memory_and_descriptors_are_read),
	};

	return cmocka_run_group_tests(tests, open_proc, NULL);
}
