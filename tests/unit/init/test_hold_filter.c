// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/rights.h"
#include "core/init/hold_filter.h"

/* What the loop does: the peer's byte and descriptor come over the connection, and a byte goes back. */
static bool loop_works(int connection)
{
	struct pollfd item = { .fd = connection, .events = POLLIN };
	char byte;
	const struct iovec part = { &byte, 1 };
	int got = -1;
	size_t count = 0;

	return poll(&item, 1, -1) == 1 &&
	       rights_receive(connection, &part, 1, 0, &got, 1, &count) == 1 && count == 1 &&
	       close(got) == 0 && rights_send(connection, &part, 1, NULL, 0) == 1;
}

/* What would be of use to a container that has taken the holder over. */
static bool nothing_else_works(int connection)
{
	const struct {
		long number, first, second;
	} calls[] = {
		{ SYS_openat, AT_FDCWD, (long)(uintptr_t) "/" },
		{ SYS_socket, AF_INET, SOCK_STREAM },
		{ SYS_unshare, CLONE_NEWUSER, 0 },
		{ SYS_keyctl, 0, -3 },
		{ SYS_clone, SIGCHLD, 0 },
		{ SYS_memfd_create, (long)(uintptr_t) "x", 0 },
		{ SYS_setns, connection, 0 },
		{ SYS_prctl, PR_GET_DUMPABLE, 0 },
		{ SYS_dup, connection, 0 },
		{ SYS_ptrace, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (syscall(calls[i].number, calls[i].first, calls[i].second, 0, 0, 0) != -1 ||
		    errno != ENOSYS)
			return false;
	return mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
}

static void assert_behind_the_filter(bool (*is_right)(int connection))
{
	struct error err = ERROR_NONE;
	char byte = 'x';
	const struct iovec part = { &byte, 1 };
	int pair[2], status;
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || hold_filter_load(&err) < 0)
			_exit(2);
		_exit(is_right(pair[1]) ? 0 : 1);
	}
	assert_int_equal(rights_send(pair[0], &part, 1, &pair[0], 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(pair[0]);
	close(pair[1]);
}

static void test_loop(void **state)
{
	(void)state;
	assert_behind_the_filter(loop_works);
}

static void test_nothing_else(void **state)
{
	(void)state;
	assert_behind_the_filter(nothing_else_works);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loop),
		cmocka_unit_test(test_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
