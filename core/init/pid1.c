// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: init after pivot_root; run_program() in the program's process up to its execve.
 *
 * The order of the two executions.  This process makes a child, which waits, and executes process 1.
 * The child sees this by the end of a pipe that is close-on-exec, and executes the program.  So the
 * program never sees a process 1 that is still `urun init`, and where process 1 can't be executed, the
 * program has not run.  The child reports its own failure over the pipe to the parent or to `start`,
 * in the same words as without process 1.  That pipe is close-on-exec in both processes, so it ends when
 * both executions have succeeded.
 *
 * The child shares our memory until we execute process 1 (CLONE_VM), so that no page table is copied.
 * ORDER: until then the child touches none of it; from then on the memory is the child's alone.
 *
 * All is done with the program's ids, capabilities and filter.
 */
#include "core/init/pid1.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/str.h"
#include "core/base/tmpfs.h"
#include "core/init/pid1_image.h"
#include "core/pid1/pid1.h"

/* For what finds out why a program can't be executed; pages that aren't used cost nothing. */
#define STACK_SIZE (256 * 1024)

/* ---- the file ---- */

/* The bytes are urun's own, and the same for every container. */
static int write_image(int fd)
{
	/* cppcheck-suppress comparePointers ; both are symbols of one object, core/init/pid1_image.c */
	return fd_write_all(fd, pid1_image, (size_t)(pid1_image_end - pid1_image));
}

/*
 * The container's root may open the file as /proc/1/exe, and owns it.  The seals keep the file as it is for
 * as long as it exists.  F_SEAL_FUTURE_WRITE does what F_SEAL_WRITE does where nobody has a writable mapping, and
 * doesn't make the kernel wait until no processor has a page of the file in its queue of new pages.
 */
static int make_memory_file(int *ret_fd)
{
	autoclose int fd = fd_memory_program(PID1_NAME);
	int failed = fd < 0 ? fd : write_image(fd);

	if (failed == 0)
		failed = fd_seal(fd,
				 F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE);
	if (failed < 0)
		return failed;
	*ret_fd = take_fd(&fd);
	return 0;
}

/*
 * On a host with the sysctl vm.memfd_noexec = 2 no memory file can be executed.  A file in a tmpfs
 * that is mounted nowhere does the same: no path leads to it, its mount is read-only from here on,
 * and the tmpfs has no other file.
 */
static int make_tmpfs_file(int *ret_fd)
{
	struct mount_attr read_only = { .attr_set = MOUNT_ATTR_RDONLY };
	autoclose int tree = tmpfs_make(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV), written = -1;
	int failed;

	if (tree < 0)
		return tree;
	written = openat(tree, PID1_NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0555);
	failed = written < 0 ? -errno : write_image(written);
	/* ORDER: no writer is left: else neither the mount can be read-only nor the file executed. */
	fd_close(&written);
	if (failed < 0)
		return failed;
	if (mount_setattr(tree, "", AT_EMPTY_PATH, &read_only, sizeof(read_only)) < 0)
		return -errno;
	*ret_fd = openat(tree, PID1_NAME, O_RDONLY | O_CLOEXEC);
	return *ret_fd < 0 ? -errno : 0;
}

/*
 * Lists the descriptors that execve(2) gives to the program.  Process 1 keeps none of them but the
 * terminal: a pipe or a socket ends when the program closes it.
 */
static void list_given(struct pid1 *pid1)
{
	pid1->given = mem_alloc(pid1->fds_end * sizeof(*pid1->given));
	for (unsigned int fd = pid1->has_terminal ? 1 : 0; fd < pid1->fds_end; fd++) {
		int flags = fcntl((int)fd, F_GETFD);

		if (flags >= 0 && !(flags & FD_CLOEXEC))
			pid1->given[pid1->given_count++] = (int)fd;
	}
}

int pid1_prepare(struct pid1 *pid1, struct error *err)
{
	int failed = make_memory_file(&pid1->file);

	if (failed == -EACCES) {
		log_debug("memory files can't be executed (vm.memfd_noexec): process 1 is executed "
			  "from a tmpfs");
		failed = make_tmpfs_file(&pid1->file);
	}
	if (failed < 0)
		return error_set(err, -failed, "make the file of the container's process 1");
	if (!pid1->is_alone && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return error_set(err, errno, "make process 1 the parent of orphans");
	if (pipe2(pid1->gate, O_CLOEXEC) < 0)
		return error_set(err, errno, "make a pipe");
	pid1->stack = mem_alloc(STACK_SIZE);
	list_given(pid1);
	return 0;
}

/* ---- the program's process ---- */

#define LISTEN_PID "LISTEN_PID="

struct start {
	const struct pid1 *pid1;
	const struct program *program;
	char **listen_pid; /* the variable in the program's environment; NULL: there is none */
	char listen_pid_text[sizeof(LISTEN_PID) + 16];
};

/*
 * Waits until process 1 is executed; ends this process where that fails.  Makes system calls alone:
 * the memory is shared.
 */
static void await_pid1(const struct pid1 *pid1)
{
	char byte;

	/* ORDER: else we would wait for ourselves. */
	close(pid1->gate[1]);
	if (read(pid1->gate[0], &byte, 1) != 0)
		_exit(1);
}

/* Runs on another stack than the one whose bounds the sanitizer knows. */
__attribute__((no_sanitize_address)) static int run_program(void *context)
{
	struct start *start = context;
	const struct pid1 *pid1 = start->pid1;
	const struct program *program = start->program;
	struct error err = ERROR_NONE;
	sigset_t none;

	/* In a pid namespace of the container's own the kernel kills us after process 1. */
	if (!pid1->is_alone && pid1->prctl_allowed)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	await_pid1(pid1);
	setpgid(0, 0);
	/* ORDER: while SIGTTOU is blocked, which the kernel sends to a group that isn't in front. */
	if (pid1->has_terminal)
		tcsetpgrp(STDIN_FILENO, getpid());
	if (start->listen_pid) {
		snprintf(start->listen_pid_text, sizeof(start->listen_pid_text), LISTEN_PID "%d",
			 getpid());
		*start->listen_pid = start->listen_pid_text;
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	program_exec(program, &err);
	pid1->fail(pid1->context, &err);
	_exit(1);
}

/* Socket activation: the parent has set the pid that the program has where it is process 1. */
static char **find_listen_pid(char **envp)
{
	char **found = NULL;
	bool activated = false;

	for (; *envp; envp++) {
		if (str_equal(*envp, LISTEN_PID "1"))
			found = envp;
		activated = activated || str_starts_with(*envp, "LISTEN_FDS=");
	}
	return activated ? found : NULL;
}

/*
 * The C library keeps two signals out of its sets, so the set is the kernel's.  Signals that arrive
 * from here on wait for process 1: the kernel keeps them over execve.
 */
static void block_all_signals(void)
{
	static const unsigned char all[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	syscall(SYS_rt_sigprocmask, SIG_SETMASK, all, NULL, (size_t)(NSIG - 1) / 8);
}

static int become_pid1(const struct pid1 *pid1, pid_t program, char **envp, struct error *err)
{
	char program_text[16], self_text[16], traits[4] = "";
	char *argv[PID1_ARGUMENT_COUNT + 1] = {
		[PID1_ARGUMENT_NAME] = (char[]){ PID1_NAME },
		[PID1_ARGUMENT_PROGRAM] = program_text,
		[PID1_ARGUMENT_SELF] = self_text,
		[PID1_ARGUMENT_TRAITS] = traits,
	};
	size_t count = 0;

	snprintf(program_text, sizeof(program_text), "%d", program);
	snprintf(self_text, sizeof(self_text), "%d", getpid());
	if (pid1->has_terminal)
		traits[count++] = PID1_TRAIT_TERMINAL;
	if (pid1->is_alone)
		traits[count++] = PID1_TRAIT_ALONE;
	if (pid1->prctl_allowed)
		traits[count++] = PID1_TRAIT_NAMED;
	for (size_t i = 0; i < pid1->given_count; i++)
		close(pid1->given[i]);
	execveat(pid1->file, "", argv, envp, AT_EMPTY_PATH);
	return error_set(err, errno, "execute the container's process 1");
}

int pid1_exec(const struct pid1 *pid1, const struct program *program, struct error *err)
{
	struct start *start = mem_alloc(sizeof(*start));
	pid_t pid;

	start->pid1 = pid1;
	start->program = program;
	start->listen_pid = find_listen_pid(program->envp);
	block_all_signals();
	/* Process boundary: the child has our memory, and waits for our execve. */
	pid = clone(run_program, pid1->stack + STACK_SIZE, CLONE_VM | SIGCHLD, start);
	if (pid < 0) {
		error_set(err, errno, "make the program's process beside process 1");
		return errno == EAGAIN
			       ? error_hint(err, "the limit of processes (--pids-limit, ulimit "
						 "nproc) counts process 1 too")
			       : -1;
	}
	become_pid1(pid1, pid, program->envp, err);
	/* ORDER: before the error is used, which the child must not see as the end of the pipe. */
	(void)!write(pid1->gate[1], "f", 1);
	return -1;
}
