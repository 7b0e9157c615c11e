// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/fd.h"
#include "core/base/pidfd.h"
#include "core/container/pipe_find.h"

static struct pipe_sought sought_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return (struct pipe_sought){ .device = st.st_dev, .inode = st.st_ino, .fd = -1 };
}

/* The process has the last end of the first pipe, and none of the second, which is ours. */
static void test_the_pipe_that_the_process_has_is_opened_and_no_other(void **unused)
{
	int its[2], ours[2];
	autoclose int pidfd = -1;
	struct pipe_sought pipes[2];
	struct container_state state = { 0 };
	pid_t pid;
	char byte;

	(void)unused;
	assert_int_equal(pipe(its), 0);
	assert_int_equal(write(its[1], "a", 1), 1);
	pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(pipe(ours), 0);
	pipes[0] = sought_of(its[0]);
	pipes[1] = sought_of(ours[0]);
	close(its[0]);
	close(its[1]);
	pidfd = pidfd_open_process(pid);
	assert_true(pidfd >= 0);
	state.pid = (struct opt_u64){ .set = true, .value = (uint64_t)pid };

	pipe_find(&state, pidfd, pipes, 2);
	assert_true(pipes[0].fd >= 0);
	assert_int_equal(pipes[1].fd, -1);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	/* What was written, and then the end: no other process has an end of the pipe to write to. */
	assert_int_equal(read(pipes[0].fd, &byte, 1), 1);
	assert_int_equal(byte, 'a');
	assert_int_equal(read(pipes[0].fd, &byte, 1), 0);
	close(pipes[0].fd);
	close(ours[0]);
	close(ours[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_pipe_that_the_process_has_is_opened_and_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
