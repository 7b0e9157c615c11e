// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/pidfd.h"
#include "core/base/str.h"
#include "netns/ready.h"

enum end { END_KILLED, END_NO_MEMORY, END_FAILED, STAYS };

static _Noreturn void server_main(enum end end)
{
	if (end == END_KILLED)
		raise(SIGKILL);
	if (end == END_NO_MEMORY)
		_exit(MEM_EXIT_STATUS);
	while (end == STAYS)
		pause();
	_exit(1);
}

struct outcome {
	int result;
	bool server_lives;
	char text[ERROR_TEXT_SIZE];
};

/* Runs the helper's first process, whose socket has the number READY_FD. */
static _Noreturn void starter_main(int socket, int report, enum end end)
{
	struct outcome outcome = { 0 };
	struct error err = ERROR_NONE;
	int pidfd;
	pid_t pid;

	if (dup2(socket, READY_FD) < 0)
		_exit(2);
	signal(SIGPIPE, SIG_IGN);
	pid = fork();
	if (pid == 0)
		server_main(end);
	pidfd = pidfd_open_process(pid);
	outcome.result = ready_watch(pid, pidfd, &err);
	snprintf(outcome.text, sizeof(outcome.text), "%s", err.text);
	outcome.server_lives = waitpid(pid, NULL, outcome.result < 0 ? 0 : WNOHANG) == 0;
	if (outcome.server_lives)
		kill(pid, SIGKILL);
	_exit(write(report, &outcome, sizeof(outcome)) == sizeof(outcome) ? 0 : 2);
}

/* @@serves: the parent closes its socket after it received the pidfd, as it does at READY. */
static struct outcome watch(enum end end, bool listens, bool serves)
{
	struct outcome outcome;
	int pair[2], report[2];
	char kind;
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(pipe(report), 0);
	/* A number above those that the starter moves. */
	report[1] = dup2(report[1], 20);
	if (!listens)
		close(pair[0]);
	pid = fork();
	if (pid == 0) {
		int socket = dup2(pair[1], 21);

		close(pair[1]);
		if (listens)
			close(pair[0]);
		starter_main(socket, report[1], end);
	}
	close(pair[1]);
	if (listens) {
		assert_int_equal(recv(pair[0], &kind, 1, 0), 1);
		assert_int_equal(kind, READY_PROCESS);
	}
	if (serves)
		close(pair[0]);
	assert_int_equal(read(report[0], &outcome, sizeof(outcome)), sizeof(outcome));
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	if (listens && !serves)
		close(pair[0]);
	close(report[0]);
	close(report[1]);
	return outcome;
}

static void a_server_that_is_killed_is_told(void **state)
{
	struct outcome outcome = watch(END_KILLED, true, false);

	(void)state;
	assert_int_equal(outcome.result, -1);
	assert_string_equal(outcome.text, "it was killed by signal 9 (Killed) before it served");
}

static void a_server_without_memory_is_told(void **state)
{
	struct outcome outcome = watch(END_NO_MEMORY, true, false);

	(void)state;
	assert_int_equal(outcome.result, -1);
	assert_string_equal(outcome.text, "out of memory");
}

/* The server sent ERROR before it ended. */
static void a_server_that_has_failed_is_not_told_twice(void **state)
{
	(void)state;
	assert_int_equal(watch(END_FAILED, true, false).result, 0);
}

static void the_watch_ends_when_the_server_serves(void **state)
{
	struct outcome outcome = watch(STAYS, true, true);

	(void)state;
	assert_int_equal(outcome.result, 0);
	assert_true(outcome.server_lives);
}

static void a_server_that_nobody_knows_of_is_killed(void **state)
{
	struct outcome outcome = watch(STAYS, false, false);

	(void)state;
	assert_int_equal(outcome.result, -1);
	assert_false(outcome.server_lives);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_that_is_killed_is_told),
		cmocka_unit_test(a_server_without_memory_is_told),
		cmocka_unit_test(a_server_that_has_failed_is_not_told_twice),
		cmocka_unit_test(the_watch_ends_when_the_server_serves),
		cmocka_unit_test(a_server_that_nobody_knows_of_is_killed),
	};

	alarm(20);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
