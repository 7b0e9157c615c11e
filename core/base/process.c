// SPDX-License-Identifier: Apache-2.0
#include "core/base/process.h"

#include <errno.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/tmpfs.h"

/* It needs a mount namespace of the same user namespace. */
static int detached_directory(void)
{
	(void)unshare(CLONE_NEWNS);
	return tmpfs_make(0);
}

_Noreturn void process_end_without_files(int status)
{
	int empty = detached_directory();

	if (empty >= 0 && fchdir(empty) == 0)
		(void)!chroot(".");
	close_range(0, ~0U, 0);
	_exit(status);
}

/* The child's exit status is the errno, or 0: every errno fits into an exit status. */
int process_try(int (*trial)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(trial());
	}
	if (pid < 0)
		return errno;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
}
