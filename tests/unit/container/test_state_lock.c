// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/container/state_lock.h"

static char directory[] = "/tmp/urun-test-lock-XXXXXX";

static int open_directory(void)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* Starts another process that holds the lock; @name, if it isn't NULL, is its name. */
static pid_t make_holder(const char *name)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (name)
			prctl(PR_SET_NAME, name);
		if (flock(open_directory(), LOCK_EX) == 0 && write(ready[1], "r", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void stop(pid_t pid)
{
	int status;

	assert_int_equal(kill(pid, SIGSTOP), 0);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void test_a_free_lock_is_taken(void **state)
{
	autoclose int fd = open_directory();
	struct lock_holder holder;

	(void)state;
	assert_int_equal(state_lock_take(fd, 0, &holder), 0);
	assert_int_equal(state_lock_take(fd, 0, &holder), 0);
}

static void test_a_running_holder_is_waited_for_and_named(void **state)
{
	autoclose int fd = open_directory();
	struct lock_holder holder = { 0 };
	pid_t pid = make_holder(NULL);
	int64_t begin = clock_ms();

	(void)state;
	assert_int_equal(state_lock_take(fd, 300, &holder), -ETIMEDOUT);
	assert_true(clock_ms() - begin >= 300);
	assert_int_equal(holder.pid, pid);
	assert_false(holder.stopped);
	assert_true(holder.is_urun);
	assert_false(state_lock_kill_stopped(fd));
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	end(pid);
	assert_int_equal(state_lock_take(fd, 0, &holder), 0);
}

static void test_a_lock_that_is_given_back_is_taken(void **state)
{
	autoclose int fd = open_directory();
	struct lock_holder holder;
	pid_t pid = make_holder(NULL), killer;

	(void)state;
	killer = fork();
	if (killer == 0) {
		usleep(50 * 1000);
		_exit(kill(pid, SIGKILL));
	}
	assert_int_equal(state_lock_take(fd, 60 * 1000, &holder), 0);
	waitpid(killer, NULL, 0);
	end(pid);
}

static void test_a_stopped_holder_ends_the_wait_and_can_be_killed(void **state)
{
	autoclose int fd = open_directory();
	struct lock_holder holder = { 0 };
	pid_t pid = make_holder(NULL);
	int64_t begin = clock_ms();
	int status;

	(void)state;
	stop(pid);
	assert_int_equal(state_lock_take(fd, 60 * 1000, &holder), -ETIMEDOUT);
	assert_true(clock_ms() - begin < 30 * 1000);
	assert_int_equal(holder.pid, pid);
	assert_true(holder.stopped);
	assert_true(state_lock_kill_stopped(fd));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(state_lock_take(fd, 0, &holder), 0);
}

static void test_a_stopped_holder_of_another_name_is_not_killed(void **state)
{
	autoclose int fd = open_directory();
	struct lock_holder holder = { 0 };
	pid_t pid = make_holder("another");

	(void)state;
	stop(pid);
	assert_int_equal(state_lock_take(fd, 60 * 1000, &holder), -ETIMEDOUT);
	assert_true(holder.stopped);
	assert_false(holder.is_urun);
	assert_false(state_lock_kill_stopped(fd));
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	end(pid);
}

static int remove_directory(void **state)
{
	(void)state;
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_free_lock_is_taken),
		cmocka_unit_test(test_a_running_holder_is_waited_for_and_named),
		cmocka_unit_test(test_a_lock_that_is_given_back_is_taken),
		cmocka_unit_test(test_a_stopped_holder_ends_the_wait_and_can_be_killed),
		cmocka_unit_test(test_a_stopped_holder_of_another_name_is_not_killed),
	};

	if (!mkdtemp(directory))
		return 1;
	return cmocka_run_group_tests(tests, NULL, remove_directory);
}
