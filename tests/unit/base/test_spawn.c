// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/pidfd.h"
#include "core/base/spawn.h"
#include "core/base/str.h"

static char *const environment[] = { "PATH=/usr/bin:/bin", "MARK=7", NULL };

static int run_shell(const char *script, const char *input, unsigned int timeout_ms,
		     struct error *err)
{
	char *const argv[] = { "sh", "-c", (char *)script, NULL };
	const struct spawn spawn = {
		.path = "/bin/sh",
		.argv = argv,
		.envp = environment,
		.input = input,
		.input_size = input ? strlen(input) : 0,
		.timeout_ms = timeout_ms,
	};

	return spawn_run(&spawn, err);
}

static void assert_fails(const char *script, unsigned int timeout_ms, const char *wanted)
{
	struct error err = ERROR_NONE;
	char line[ERROR_LINE_SIZE];

	assert_int_equal(run_shell(script, NULL, timeout_ms, &err), -1);
	assert_string_equal(error_format(&err, line), wanted);
}

static void environment_and_input_arrive(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(run_shell("test \"$MARK\" = 7 && test -z \"$HOME\"", NULL, 0, &err), 0);
	assert_int_equal(run_shell("test \"$(cat)\" = hello", "hello", 0, &err), 0);
	assert_int_equal(run_shell("test -z \"$(cat)\"", NULL, 0, &err), 0);
}

static void input_larger_than_a_pipe_arrives_whole(void **state)
{
	struct error err = ERROR_NONE;
	autofree char *input = mem_alloc(1000001);

	(void)state;
	memset(input, 'x', 1000000);
	assert_int_equal(run_shell("test $(wc -c) = 1000000", input, 10000, &err), 0);
	assert_int_equal(run_shell("exit 0", input, 10000, &err), 0);
}

static void failures_tell_status_and_last_line(void **state)
{
	(void)state;
	assert_fails("echo first >&2; echo last >&2; exit 3", 0, "/bin/sh: exit status 3: last");
	assert_fails("exit 4", 0, "/bin/sh: exit status 4");
	assert_fails("kill -TERM $$", 0, "/bin/sh: killed by signal 15 (TERM)");
	assert_fails("yes | head -c 1000000 >&2; echo end >&2; exit 1", 10000,
		     "/bin/sh: exit status 1: end");
}

static void time_out_kills_the_group_and_says_so(void **state)
{
	/* The C library's own words: a connection timed out, says glibc, and an operation, says musl. */
	const char *why = strerror(ETIMEDOUT);
	autofree char *wanted = str_format("/bin/sh: killed after its time-out of 100 ms: %c%s",
					   tolower((unsigned char)why[0]), why + 1);

	(void)state;
	assert_fails("sleep 30 & sleep 30", 100, wanted);
	assert_fails("while :; do echo x; done", 100, wanted);
}

static void output_left_open_in_the_background_isnt_waited_for(void **state)
{
	struct error err = ERROR_NONE;
	time_t start = time(NULL);

	(void)state;
	assert_int_equal(run_shell("sleep 5 &", NULL, 0, &err), 0);
	assert_true(time(NULL) - start < 4);
}

static void missing_programs_have_the_errno_of_execve(void **state)
{
	char *const argv[] = { "x", NULL };
	const struct spawn spawn = { .path = "/nonexistent/x", .argv = argv, .envp = environment };
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(spawn_run(&spawn, &err), -1);
	assert_int_equal(err.code, ENOENT);
	assert_string_equal(err.text, "start /nonexistent/x");
}

static void only_stdio_is_passed_on_and_signals_are_default(void **state)
{
	autoclose int leak = dup(STDERR_FILENO);
	struct error err = ERROR_NONE;
	sigset_t blocked, old;

	(void)state;
	assert_true(leak > 2);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &old);
	signal(SIGPIPE, SIG_IGN);
	if (run_shell(
		    "for f in /proc/self/fd/*; do case $f in */[0-2]|*/'*') ;; *) test ! -e $f || exit 9;; esac; done",
		    NULL, 0, &err) < 0)
		fail_msg("%s", err.text);
	/*
	 * SIGPIPE is the lowest bit of the fourth digit.  The shell uses exec, as it blocks signals
	 * while it waits.
	 */
	assert_int_equal(run_shell("exec grep -q 'SigBlk:.0000000000000000' /proc/self/status",
				   NULL, 0, &err),
			 0);
	assert_int_equal(run_shell("exec grep -q 'SigIgn:.*[02468ace]...$' /proc/self/status", NULL,
				   0, &err),
			 0);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static void two_programs_run_side_by_side(void **state)
{
	char *const argv[] = { "sleep", "0.2", NULL };
	const struct spawn spawn = { .path = "/bin/sleep", .argv = argv, .envp = environment };
	struct error err = ERROR_NONE;
	struct spawned a, b;
	struct timespec start, end;

	(void)state;
	clock_gettime(CLOCK_MONOTONIC, &start);
	assert_int_equal(spawn_start(&spawn, &a, &err), 0);
	assert_int_equal(spawn_start(&spawn, &b, &err), 0);
	assert_int_equal(spawn_finish(&spawn, &a, &err), 0);
	assert_int_equal(spawn_finish(&spawn, &b, &err), 0);
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_true((end.tv_sec - start.tv_sec) * 1000 + (end.tv_nsec - start.tv_nsec) / 1000000 <
		    390);
}

static void a_process_is_known_by_its_start_time(void **state)
{
	uint64_t start_time, again;
	char name[] = "a) Z 1 (b";
	char process_state;
	int fd;

	(void)state;
	assert_int_equal(pidfd_start_time(getpid(), &start_time, &process_state), 0);
	assert_int_equal(process_state, 'R');
	/* A process chooses its own name, so it may look like the end of the field. */
	autofree char *path = str_format("/proc/%d/comm", (int)getpid());
	assert_int_equal(fd_write_file(path, name), 0);
	assert_int_equal(pidfd_start_time(getpid(), &again, &process_state), 0);
	assert_true(start_time == again && start_time > 0);
	assert_int_equal(process_state, 'R');
	fd = pidfd_open_same(getpid(), start_time, 0);
	assert_true(fd >= 0);
	assert_int_equal(pidfd_signal(fd, 0), 0);
	close(fd);
	assert_int_equal(pidfd_open_same(getpid(), start_time + 1, 0), -ESRCH);
}

static void a_process_is_known_by_its_number_among_all(void **state)
{
	uint64_t start_time, inode;
	char process_state;
	int fd = pidfd_open_process(getpid());

	(void)state;
	assert_true(fd >= 0);
	inode = pidfd_inode(fd);
	close(fd);
	/* pidfds have no inodes of their own before Linux 6.9. */
	if (inode == 0)
		skip();
	assert_int_equal(pidfd_start_time(getpid(), &start_time, &process_state), 0);
	fd = pidfd_open_same(getpid(), start_time, inode);
	assert_true(fd >= 0);
	close(fd);
	fd = pidfd_open_same(getpid(), 0, inode);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(pidfd_open_same(getpid(), start_time, inode + 1), -ESRCH);
	assert_int_equal(pidfd_open_same(getpid(), start_time + 1, inode), -ESRCH);
	/* Without start time and inode no process matches. */
	assert_int_equal(pidfd_open_same(getpid(), 0, 0), -ESRCH);
}

static void the_dead_are_not_the_same(void **state)
{
	uint64_t start_time;
	char process_state;
	siginfo_t info;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(0);
	assert_true(pid > 0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(pidfd_start_time(pid, &start_time, &process_state), 0);
	assert_int_equal(process_state, 'Z');
	assert_int_equal(pidfd_open_same(pid, start_time, 0), -ESRCH);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(pidfd_open_same(pid, start_time, 0), -ESRCH);
	assert_int_equal(pidfd_start_time(pid, &start_time, &process_state), -ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(environment_and_input_arrive),
		cmocka_unit_test(input_larger_than_a_pipe_arrives_whole),
		cmocka_unit_test(failures_tell_status_and_last_line),
		cmocka_unit_test(time_out_kills_the_group_and_says_so),
		cmocka_unit_test(output_left_open_in_the_background_isnt_waited_for),
		cmocka_unit_test(missing_programs_have_the_errno_of_execve),
		cmocka_unit_test(only_stdio_is_passed_on_and_signals_are_default),
		cmocka_unit_test(two_programs_run_side_by_side),
		cmocka_unit_test(a_process_is_known_by_its_start_time),
		cmocka_unit_test(a_process_is_known_by_its_number_among_all),
		cmocka_unit_test(the_dead_are_not_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
