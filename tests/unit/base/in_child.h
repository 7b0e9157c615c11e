/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_TEST_BASE_IN_CHILD_H
#define URUN_TEST_BASE_IN_CHILD_H

#include <sys/wait.h>
#include <unistd.h>

/*
 * Runs @check in a process of its own, whose dispositions and globals it may change; returns the exit status.
 * Include <cmocka.h> before.
 */
static int in_child(int (*check)(void))
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0)
		_exit(check());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#endif
