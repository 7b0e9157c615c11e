// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/inherit.h"
#include "tests/unit/base/in_child.h"

static void (*disposition(int number))(int)
{
	struct sigaction now;

	return sigaction(number, NULL, &now) < 0 ? SIG_ERR : now.sa_handler;
}

static int waits_for_children(void)
{
	pid_t pid;

	signal(SIGCHLD, SIG_IGN);
	inherit_begin();
	pid = fork();
	if (pid == 0)
		_exit(0);
	return waitpid(pid, NULL, 0) == pid ? 0 : 1;
}

static void test_an_ignored_sigchld_is_reset(void **state)
{
	(void)state;
	assert_int_equal(in_child(waits_for_children), 0);
}

static int keeps_what_was_ignored(void)
{
	/* A test run in the background of a script has these ignored. */
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	signal(SIGHUP, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	signal(SIGRTMIN, SIG_IGN);
	inherit_begin();
	inherit_restore_signals();
	return disposition(SIGHUP) == SIG_IGN && disposition(SIGRTMIN) == SIG_IGN &&
			       disposition(SIGCHLD) == SIG_DFL && disposition(SIGINT) == SIG_DFL &&
			       disposition(SIGPIPE) == SIG_DFL && disposition(SIGXFSZ) == SIG_DFL
		       ? 0
		       : 1;
}

static void test_the_program_gets_what_was_ignored(void **state)
{
	(void)state;
	assert_int_equal(in_child(keeps_what_was_ignored), 0);
}

static int forgets_sigpipe(void)
{
	signal(SIGPIPE, SIG_IGN);
	inherit_begin();
	inherit_forget_ignored(SIGPIPE);
	inherit_restore_signals();
	return disposition(SIGPIPE) == SIG_DFL ? 0 : 1;
}

static void test_what_is_forgotten_has_its_default(void **state)
{
	(void)state;
	assert_int_equal(in_child(forgets_sigpipe), 0);
}

static int unblocks(void)
{
	sigset_t all, now;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	inherit_begin();
	sigprocmask(SIG_SETMASK, NULL, &now);
	for (int number = 1; number < NSIG; number++)
		if (sigismember(&now, number) == 1)
			return number;
	return 0;
}

static void test_nothing_stays_blocked(void **state)
{
	(void)state;
	assert_int_equal(in_child(unblocks), 0);
}

static int widens_umask(void)
{
	umask(0777);
	inherit_begin();
	return (int)umask(0) == 0077 ? 0 : 1;
}

static void test_the_owner_keeps_all_rights(void **state)
{
	(void)state;
	assert_int_equal(in_child(widens_umask), 0);
}

static int sees_efbig(void)
{
	const struct rlimit none = { 0, 0 };
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		return 77;
	inherit_begin();
	if (setrlimit(RLIMIT_FSIZE, &none) < 0)
		return 1;
	return write(fd, "x", 1) < 0 && errno == EFBIG ? 0 : 2;
}

static void test_a_limit_of_file_size_is_an_error(void **state)
{
	int status = in_child(sees_efbig);

	(void)state;
	if (status == 77)
		skip();
	assert_int_equal(status, 0);
}

static int ends_by_sigpipe(void)
{
	inherit_begin();
	inherit_end_by_sigpipe();
	return 0;
}

static int outlives_sigpipe(void)
{
	signal(SIGPIPE, SIG_IGN);
	inherit_begin();
	inherit_end_by_sigpipe();
	return 0;
}

static void test_a_closed_output_ends_only_who_did_not_ignore_it(void **state)
{
	(void)state;
	assert_int_equal(in_child(ends_by_sigpipe), 128 + SIGPIPE);
	assert_int_equal(in_child(outlives_sigpipe), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_ignored_sigchld_is_reset),
		cmocka_unit_test(test_the_program_gets_what_was_ignored),
		cmocka_unit_test(test_what_is_forgotten_has_its_default),
		cmocka_unit_test(test_nothing_stays_blocked),
		cmocka_unit_test(test_the_owner_keeps_all_rights),
		cmocka_unit_test(test_a_limit_of_file_size_is_an_error),
		cmocka_unit_test(test_a_closed_output_ends_only_who_did_not_ignore_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
