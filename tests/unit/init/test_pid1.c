// SPDX-License-Identifier: Apache-2.0
/*
 * Process 1 of a container, as core/init/pid1.c starts it.  It needs no pid namespace: where it isn't
 * the first process of one, orphans come to it as to a subreaper.  This program is also the
 * container's program: it is executed again with the name of a part to play.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/pidfd.h"
#include "core/base/str.h"
#include "core/init/pid1.h"
#include "core/pid1/pid1.h"

/* Where the program reports to, and what the test reads. */
#define REPORT_FD   50
#define PATIENCE_MS 10000

struct report {
	char who; /* 'p': the program, 'c': its child, in the same process group */
	int signal;
	int value;
	pid_t pid;
	pid_t foreground;
};

static void report(char who, int number, int value)
{
	struct report line = { who, number, value, getpid(), tcgetpgrp(0) };

	if (write(REPORT_FD, &line, sizeof(line)) != sizeof(line))
		_exit(99);
}

/* ---- the parts of the program ---- */

/* Reports each signal; SIGTERM ends it with status 3. */
static int play_reporter(char who)
{
	sigset_t all;
	siginfo_t info;

	sigfillset(&all);
	sigdelset(&all, SIGTSTP);
	sigprocmask(SIG_SETMASK, &all, NULL);
	report(who, 0, 0);
	for (;;) {
		int got = sigwaitinfo(&all, &info);

		if (got > 0 && got != SIGCHLD)
			report(who, got, info.si_code == SI_QUEUE ? info.si_int : 0);
		if (got == SIGTERM)
			return 3;
	}
}

static int play_group(void)
{
	return play_reporter(fork() == 0 ? 'c' : 'p');
}

#define ORPHANS 50

/* Makes orphans that end at the same time, and looks whether they are reaped.  Reports 1 where all are. */
static int play_parent(void)
{
	pid_t pids[ORPHANS];
	int gate[2], list[2], reaped = 0;

	if (pipe(gate) < 0 || pipe(list) < 0)
		return 98;
	if (fork() == 0) {
		for (int i = 0; i < ORPHANS; i++) {
			pid_t pid = fork();
			char byte;

			if (pid == 0) {
				close(gate[1]);
				_exit(read(gate[0], &byte, 1) != 0);
			}
			(void)!write(list[1], &pid, sizeof(pid));
		}
		_exit(0);
	}
	wait(NULL);
	if (read(list[0], pids, sizeof(pids)) != sizeof(pids))
		return 97;
	close(gate[1]);
	for (int tries = 0; tries < PATIENCE_MS && reaped < ORPHANS; tries++) {
		while (reaped < ORPHANS && kill(pids[reaped], 0) < 0 && errno == ESRCH)
			reaped++;
		if (reaped < ORPHANS)
			usleep(1000);
	}
	report('p', 0, reaped == ORPHANS);
	return 0;
}

static _Noreturn void play_deaf(void)
{
	signal(SIGTERM, SIG_IGN);
	report('p', 0, 0);
	for (;;)
		pause();
}

static int play(const char *part)
{
	if (str_equal(part, "reporter"))
		return play_reporter('p');
	if (str_equal(part, "group"))
		return play_group();
	if (str_equal(part, "parent"))
		return play_parent();
	if (str_equal(part, "deaf"))
		play_deaf();
	if (str_equal(part, "listen"))
		report('p', 0, atoi(getenv("LISTEN_PID")) == getpid());
	if (str_equal(part, "killed"))
		kill(getpid(), SIGKILL);
	return 7;
}

/* ---- the container ---- */

struct container {
	pid_t one;
	int pidfd;
	int reports;
	int terminal; /* the master; -1: none */
};

static void fail_program(void *context, const struct error *err)
{
	(void)context;
	_exit(err->status);
}

static _Noreturn void start(const char *path, const char *part, int terminal)
{
	struct pid1 one = PID1_NONE;
	struct error err = ERROR_NONE;
	char *argv[] = { (char *)(uintptr_t)path, (char *)(uintptr_t)part, NULL };
	char *envp[] = { (char[]){ "LISTEN_FDS=1" }, (char[]){ "LISTEN_PID=1" }, NULL };
	struct program program = { .path = argv[0], .argv = argv, .envp = envp };

	/* A test that fails leaves nothing behind. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setsid();
	if (terminal >= 0) {
		char *name = ptsname(terminal);
		int slave = name ? open(name, O_RDWR) : -1;

		if (slave < 0 || dup2(slave, 0) < 0)
			_exit(96);
	}
	one.has_terminal = terminal >= 0;
	one.prctl_allowed = true;
	one.fds_end = REPORT_FD + 1;
	one.fail = fail_program;
	if (pid1_prepare(&one, &err) == 0)
		pid1_exec(&one, &program, &err);
	fprintf(stderr, "%s: %s\n", err.text, error_errno_text(err.code));
	_exit(95);
}

static void begin(struct container *container, const char *path, const char *part, bool terminal)
{
	int ends[2];

	container->terminal = terminal ? posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
	if (terminal)
		assert_true(grantpt(container->terminal) == 0 &&
			    unlockpt(container->terminal) == 0);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	container->reports = ends[0];
	container->one = fork();
	if (container->one == 0) {
		dup2(ends[1], REPORT_FD);
		start(path, part, container->terminal);
	}
	close(ends[1]);
	container->pidfd = pidfd_open_process(container->one);
	assert_true(container->pidfd >= 0);
}

static void begin_part(struct container *container, const char *part)
{
	begin(container, "/proc/self/exe", part, false);
}

static struct report next_report(struct container *container)
{
	struct report line;
	struct pollfd event = { .fd = container->reports, .events = POLLIN };

	assert_int_equal(poll(&event, 1, PATIENCE_MS), 1);
	assert_int_equal(read(container->reports, &line, sizeof(line)), sizeof(line));
	return line;
}

/* The exit status; there must be no report that the test hasn't read. */
static int end(struct container *container)
{
	struct pollfd event = { .fd = container->pidfd, .events = POLLIN };
	struct report line;
	int status;

	if (poll(&event, 1, PATIENCE_MS) != 1)
		kill(container->one, SIGKILL);
	assert_int_equal(waitpid(container->one, &status, 0), container->one);
	assert_int_equal(read(container->reports, &line, sizeof(line)), 0);
	close(container->reports);
	close(container->pidfd);
	if (container->terminal >= 0)
		close(container->terminal);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Waits until the process is stopped, or goes on. */
static void await_state(pid_t pid, bool stopped)
{
	struct process_stat stat = { .state = '?' };

	for (int tries = 0; tries < PATIENCE_MS; tries++) {
		assert_int_equal(process_read_stat(pid, &stat), 0);
		if ((stat.state == 'T') == stopped)
			return;
		usleep(1000);
	}
	fail_msg("state %c", stat.state);
}

/* ---- the tests ---- */

static void the_status_is_the_programs(void **state)
{
	struct container container;

	(void)state;
	begin_part(&container, "nothing");
	assert_int_equal(end(&container), 7);
	begin_part(&container, "killed");
	assert_int_equal(end(&container), 128 + SIGKILL);
}

static void a_program_that_cant_be_executed_has_its_own_status(void **state)
{
	struct container container;

	(void)state;
	begin(&container, "/no/such/program", "", false);
	assert_int_equal(end(&container), PROGRAM_STATUS_NOT_FOUND);
	begin(&container, "/dev/null", "", false);
	assert_int_equal(end(&container), PROGRAM_STATUS_CANNOT_EXECUTE);
}

static void each_process_of_the_group_receives_a_signal_once(void **state)
{
	const int signals[] = { SIGHUP,	 SIGINT,   SIGUSR1,  SIGTTIN,
				SIGCONT, SIGWINCH, SIGRTMIN, SIGRTMAX };
	struct container container;

	(void)state;
	begin_part(&container, "group");
	next_report(&container);
	next_report(&container);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		struct report first, second;

		kill(container.one, signals[i]);
		first = next_report(&container);
		second = next_report(&container);
		assert_int_equal(first.signal, signals[i]);
		assert_int_equal(second.signal, signals[i]);
		assert_int_not_equal(first.who, second.who);
	}
	kill(container.one, SIGTERM);
	next_report(&container);
	next_report(&container);
	assert_int_equal(end(&container), 3);
}

static void a_signal_with_a_value_goes_to_the_program_alone(void **state)
{
	struct container container;

	(void)state;
	begin_part(&container, "group");
	next_report(&container);
	next_report(&container);
	for (int i = 1; i <= 3; i++)
		sigqueue(container.one, SIGRTMIN + 1, (union sigval){ .sival_int = i });
	sigqueue(container.one, SIGUSR2, (union sigval){ .sival_int = -1 });
	for (int i = 1; i <= 4; i++) {
		struct report line = next_report(&container);

		assert_int_equal(line.who, 'p');
		/* The lower number is taken first. */
		assert_true(line.signal == SIGUSR2 ? line.value == -1 : line.value > 0);
	}
	kill(container.one, SIGTERM);
	next_report(&container);
	next_report(&container);
	assert_int_equal(end(&container), 3);
}

static void orphans_that_end_at_once_are_all_reaped(void **state)
{
	struct container container;

	(void)state;
	begin_part(&container, "parent");
	assert_int_equal(next_report(&container).value, 1);
	assert_int_equal(end(&container), 0);
}

static void a_request_to_stop_passes_the_signal_on_and_kills_in_the_end(void **state)
{
	struct container container;

	(void)state;
	begin_part(&container, "reporter");
	next_report(&container);
	assert_int_equal(pidfd_queue_signal(container.pidfd, SIGTERM, PID1_REQUEST_STOP | 60), 0);
	assert_int_equal(next_report(&container).signal, SIGTERM);
	assert_int_equal(end(&container), 3);

	begin_part(&container, "deaf");
	next_report(&container);
	assert_int_equal(pidfd_queue_signal(container.pidfd, SIGTERM, PID1_REQUEST_STOP), 0);
	assert_int_equal(end(&container), 128 + SIGKILL);
}

static void a_stopped_program_is_continued_to_be_ended(void **state)
{
	struct container container;
	pid_t program;

	(void)state;
	begin_part(&container, "reporter");
	program = next_report(&container).pid;
	assert_int_equal(pidfd_queue_signal(container.pidfd, SIGRTMAX, PID1_REQUEST_SEND | SIGSTOP),
			 0);
	await_state(program, true);
	kill(container.one, SIGCONT);
	assert_int_equal(next_report(&container).signal, SIGCONT);
	await_state(program, false);
	kill(container.one, SIGTSTP);
	await_state(program, true);
	pidfd_queue_signal(container.pidfd, SIGTERM, PID1_REQUEST_STOP | 60);
	/* SIGTERM has the lower number. */
	assert_int_equal(next_report(&container).signal, SIGTERM);
	assert_int_equal(end(&container), 3);
}

static void the_program_has_the_terminal_and_isnt_left_stopped(void **state)
{
	struct container container;
	struct report line;

	(void)state;
	begin(&container, "/proc/self/exe", "reporter", true);
	line = next_report(&container);
	assert_int_equal(line.foreground, line.pid);
	/* The terminal sends the signal to the program alone: no second one comes from process 1. */
	assert_int_equal(write(container.terminal, "\x03", 1), 1);
	assert_int_equal(next_report(&container).signal, SIGINT);
	assert_int_equal(write(container.terminal, "\x1a", 1), 1);
	assert_int_equal(next_report(&container).signal, SIGCONT);
	await_state(line.pid, false);
	kill(container.one, SIGUSR1);
	assert_int_equal(next_report(&container).signal, SIGUSR1);
	/* A hangup reaches the leader of the session, and by it the program. */
	close(container.terminal);
	container.terminal = -1;
	do
		line = next_report(&container);
	while (line.signal == SIGCONT);
	assert_int_equal(line.signal, SIGHUP);
	kill(container.one, SIGTERM);
	do
		line = next_report(&container);
	while (line.signal == SIGCONT);
	assert_int_equal(line.signal, SIGTERM);
	assert_int_equal(end(&container), 3);
}

static void socket_activation_names_the_program(void **state)
{
	struct container container;

	(void)state;
	begin_part(&container, "listen");
	assert_int_equal(next_report(&container).value, 1);
	assert_int_equal(end(&container), 7);
}

static void the_file_of_process_1_cant_be_changed(void **state)
{
	struct pid1 one = PID1_NONE;
	struct error err = ERROR_NONE;

	(void)state;
	one.is_alone = true;
	one.fds_end = 3;
	assert_int_equal(pid1_prepare(&one, &err), 0);
	assert_true(write(one.file, "x", 1) < 0);
	assert_true(ftruncate(one.file, 0) < 0);
	assert_true(fcntl(one.file, F_GET_SEALS) & F_SEAL_SEAL);
	assert_ptr_equal(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, one.file, 0),
			 MAP_FAILED);
	close(one.file);
	free(one.stack);
	free(one.given);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_status_is_the_programs),
		cmocka_unit_test(a_program_that_cant_be_executed_has_its_own_status),
		cmocka_unit_test(each_process_of_the_group_receives_a_signal_once),
		cmocka_unit_test(a_signal_with_a_value_goes_to_the_program_alone),
		cmocka_unit_test(orphans_that_end_at_once_are_all_reaped),
		cmocka_unit_test(a_request_to_stop_passes_the_signal_on_and_kills_in_the_end),
		cmocka_unit_test(a_stopped_program_is_continued_to_be_ended),
		cmocka_unit_test(the_program_has_the_terminal_and_isnt_left_stopped),
		cmocka_unit_test(socket_activation_names_the_program),
		cmocka_unit_test(the_file_of_process_1_cant_be_changed),
	};

	if (argc > 1)
		return play(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
