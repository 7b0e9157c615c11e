// SPDX-License-Identifier: Apache-2.0
// process_spawn() where the C library's posix_spawn(3) can't close all descriptors from a number on, as musl's.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/process.h"

/* The new process runs on this stack, in our memory, until execve(2). */
#define CLONE_STACK_SIZE (32 << 10)

struct clone_start {
	const struct process *process;
	volatile int result;
};

/* Signals are blocked until none has a handler: a handler of ours would run in our memory. */
static int prepare_cloned(const struct process *process)
{
	sigset_t none;

	for (int signal = 1; signal < NSIG; signal++)
		sigaction(signal, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
	if (process->group == PROCESS_SESSION_NEW && setsid() < 0)
		return errno;
	if (process->group == PROCESS_GROUP_NEW && setpgid(0, 0) < 0)
		return errno;
	for (size_t i = 0; i < process->fd_count; i++) {
		const struct process_fd *fd = &process->fds[i];

		if (fd->ours == fd->number ? fcntl(fd->number, F_SETFD, 0) < 0
					   : dup2(fd->ours, fd->number) < 0)
			return errno;
	}
	if (process->close_from && close_range((unsigned int)process->close_from, ~0U, 0) < 0)
		return errno;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	return 0;
}

static int run_cloned(void *argument)
{
	struct clone_start *start = (struct clone_start *)argument;

	start->result = prepare_cloned(start->process);
	if (!start->result) {
		execve(start->process->path, start->process->argv, start->process->envp);
		start->result = errno;
	}
	_exit(127);
}

/* No page table is copied, and we wait until execve(2) has succeeded or failed. */
int process_spawn(const struct process *process, pid_t *ret_pid)
{
	_Alignas(16) char stack[CLONE_STACK_SIZE];
	struct clone_start start = { .process = process };
	sigset_t all, old;
	pid_t pid;
	int error;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	pid = clone(run_cloned, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, &start);
	error = errno;
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (pid < 0)
		return -error;
	if (start.result) {
		waitpid(pid, NULL, 0);
		return -start.result;
	}
	*ret_pid = pid;
	return 0;
}
