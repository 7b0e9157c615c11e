// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/fd.h"
#include "core/base/process.h"
#include "core/base/str.h"

static char *const environment[] = { (char *)"PATH=/usr/bin:/bin", NULL };

/* Runs the shell script @script with its stdout and @extra, and returns what it prints. */
static char *output_of(const char *script, struct process_fd extra, enum process_group group,
		       int close_from)
{
	char *const argv[] = { (char *)"sh", (char *)"-c", (char *)(uintptr_t)script, NULL };
	struct process process = { .path = "/bin/sh",
				   .argv = argv,
				   .envp = environment,
				   .group = group,
				   .close_from = close_from };
	char *output = NULL;
	int ends[2], status;
	size_t size;
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	process.fds[process.fd_count++] = (struct process_fd){ ends[1], STDOUT_FILENO };
	if (extra.ours >= 0)
		process.fds[process.fd_count++] = extra;
	assert_int_equal(process_spawn(&process, &pid), 0);
	close(ends[1]);
	assert_int_equal(fd_read_all(ends[0], 4096, &output, &size), 0);
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	return output;
}

#define NO_FD ((struct process_fd){ -1, -1 })

static void a_descriptor_has_its_number_in_the_program(void **state)
{
	autoclose int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	autofree char *output = NULL, *same = NULL, *script = NULL;

	(void)state;
	output = output_of("readlink /proc/$$/fd/9", (struct process_fd){ null, 9 },
			   PROCESS_GROUP_OURS, 10);
	assert_string_equal(output, "/dev/null\n");
	/* Given under its own number, it is open in the program, and close-on-exec here still. */
	script = str_format("readlink /proc/$$/fd/%d", null);
	same = output_of(script, (struct process_fd){ null, null }, PROCESS_GROUP_OURS, 0);
	assert_string_equal(same, "/dev/null\n");
	assert_int_equal(fcntl(null, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

static void descriptors_from_a_number_on_are_closed(void **state)
{
	int leaked = fcntl(STDERR_FILENO, F_DUPFD, 20);
	autofree char *script =
		str_format("test -e /proc/$$/fd/%d && echo open || echo closed", leaked);
	autofree char *closed = output_of(script, NO_FD, PROCESS_GROUP_OURS, 3);
	autofree char *kept = output_of(script, NO_FD, PROCESS_GROUP_OURS, 0);

	(void)state;
	close(leaked);
	assert_string_equal(closed, "closed\n");
	assert_string_equal(kept, "open\n");
}

static void the_program_leads_a_group_or_a_session_where_that_is_asked_for(void **state)
{
	/* The fields behind the name in /proc/PID/stat: state, ppid, pgrp, session. */
	static const char script[] =
		"read -r pid name state parent group session rest </proc/$$/stat;"
		"test $pid = $group && echo group; test $pid = $session && echo session;"
		"true";
	autofree char *ours = output_of(script, NO_FD, PROCESS_GROUP_OURS, 3);
	autofree char *group = output_of(script, NO_FD, PROCESS_GROUP_NEW, 3);
	autofree char *session = output_of(script, NO_FD, PROCESS_SESSION_NEW, 3);

	(void)state;
	assert_string_equal(ours, "");
	assert_string_equal(group, "group\n");
	assert_string_equal(session, "group\nsession\n");
}

static void signals_are_as_by_default_and_none_is_blocked(void **state)
{
	autofree char *masks = NULL;
	sigset_t blocked, old;

	(void)state;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &old);
	signal(SIGUSR1, SIG_IGN);
	/* The C library keeps two signals for itself: only our own is looked at. */
	masks = output_of("while read -r name mask; do case $name in "
			  "SigBlk:|SigIgn:) echo $((0x$mask & 0x4200));; esac; "
			  "done </proc/$$/status",
			  NO_FD, PROCESS_GROUP_OURS, 3);
	signal(SIGUSR1, SIG_DFL);
	sigprocmask(SIG_SETMASK, &old, NULL);
	assert_string_equal(masks, "0\n0\n");
}

static void what_cant_be_executed_has_the_errno_of_execve(void **state)
{
	char *const argv[] = { (char *)"x", NULL };
	struct process process = { .path = "/nonexistent/x", .argv = argv, .envp = environment };
	pid_t pid;

	(void)state;
	assert_int_equal(process_spawn(&process, &pid), -ENOENT);
	process.path = "/";
	assert_int_equal(process_spawn(&process, &pid), -EACCES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_descriptor_has_its_number_in_the_program),
		cmocka_unit_test(descriptors_from_a_number_on_are_closed),
		cmocka_unit_test(the_program_leads_a_group_or_a_session_where_that_is_asked_for),
		cmocka_unit_test(signals_are_as_by_default_and_none_is_blocked),
		cmocka_unit_test(what_cant_be_executed_has_the_errno_of_execve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
