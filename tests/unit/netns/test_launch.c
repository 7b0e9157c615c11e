// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/fd.h"
#include "core/base/pidfd.h"
#include "core/base/rights.h"
#include "core/base/str.h"
#include "netns/launch.h"
#include "netns/ready.h"

/* A wait without an end becomes a failed test. */
#define GUARD_S 30

static void say_kind(int fd, enum ready_kind kind, const int *fds, size_t count)
{
	char byte = (char)kind;
	struct iovec part = { &byte, 1 };

	if (rights_send(fd, &part, 1, fds, count) < 0)
		_exit(1);
}

/* The starter serves by itself here; it is stopped before urun has reaped it. */
static void serve_and_stop(int fd)
{
	autoclose int pidfd = pidfd_open_process(getppid());

	say_kind(fd, READY_PROCESS, &pidfd, 1);
	say_kind(fd, READY_READY, NULL, 0);
	raise(SIGSTOP);
}

static void close_and_stop(int fd)
{
	close(fd);
	raise(SIGSTOP);
}

static void close_and_fail(int fd)
{
	close(fd);
	_exit(3);
}

static struct helper start_starter(void (*act)(int fd))
{
	int pair[2];
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(pair[0]);
		act(pair[1]);
		_exit(0);
	}
	assert_true(pid > 0);
	close(pair[1]);
	return (struct helper){
		.program = HELPER_PORT, .starter = pid, .ready_fd = pair[0], .pidfd = -1
	};
}

static void await_stop(pid_t pid)
{
	siginfo_t info;

	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT), 0);
}

static void assert_reaped(pid_t pid)
{
	assert_int_equal(waitpid(pid, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void a_starter_that_is_stopped_holds_up_nobody(void **state)
{
	struct helper helper = start_starter(serve_and_stop);
	pid_t starter = helper.starter;
	struct error err = ERROR_NONE;
	autoclose int pidfd = -1;

	(void)state;
	await_stop(starter);
	alarm(GUARD_S);
	assert_int_equal(helper_await(&helper, &pidfd, &err), 0);
	alarm(0);
	assert_int_equal(pidfd_pid(pidfd), getpid());
	assert_reaped(starter);
}

static void a_stopped_starter_that_has_closed_its_socket_is_an_error(void **state)
{
	struct helper helper = start_starter(close_and_stop);
	pid_t starter = helper.starter;
	struct error err = ERROR_NONE;
	int pidfd = -1;

	(void)state;
	await_stop(starter);
	alarm(GUARD_S);
	assert_int_equal(helper_await(&helper, &pidfd, &err), -1);
	alarm(0);
	assert_string_equal(err.text, "wait for the end of urun-port");
	assert_int_equal(err.code, ETIMEDOUT);
	assert_reaped(starter);
}

static void the_exit_status_of_a_silent_starter_is_told(void **state)
{
	struct helper helper = start_starter(close_and_fail);
	struct error err = ERROR_NONE;
	int pidfd = -1;

	(void)state;
	assert_int_equal(helper_await(&helper, &pidfd, &err), -1);
	assert_string_equal(err.text, "urun-port ended with status 3 before it served");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_starter_that_is_stopped_holds_up_nobody),
		cmocka_unit_test(a_stopped_starter_that_has_closed_its_socket_is_an_error),
		cmocka_unit_test(the_exit_status_of_a_silent_starter_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
