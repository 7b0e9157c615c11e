/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_PROCESS_H
#define URUN_BASE_PROCESS_H

#include <stddef.h>
#include <sys/types.h>

/* A descriptor of ours, and the number that it has in the new process. */
struct process_fd {
	int ours;
	int number;
};

enum process_group {
	PROCESS_GROUP_OURS,
	PROCESS_GROUP_NEW,   /* the process leads a group, which can be killed as a whole */
	PROCESS_SESSION_NEW, /* the process leads a session, without our terminal */
};

#define PROCESS_FDS_MAX 4

/* How a program is executed in a new process. */
struct process {
	const char *path;  /* absolute */
	char *const *argv; /* NULL at the end */
	char *const *envp; /* NULL at the end */
	/*
	 * Given one after another, so an entry may replace the descriptor of an earlier one.  An
	 * entry whose two numbers are the same takes the close-on-exec mark away in the new process
	 * alone.
	 */
	struct process_fd fds[PROCESS_FDS_MAX];
	size_t fd_count;
	/*
	 * This descriptor and all above are closed; 0: descriptors without close-on-exec stay open.
	 */
	int close_from;
	enum process_group group;
};

/*
 * Starts the program.  All its signals are as by default, and none is blocked.  Returns 0 with the
 * pid, which the caller waits for; or a negative errno, that of execve(2) too.
 */
int process_spawn(const struct process *process, pid_t *ret_pid);

/*
 * Calls @trial in a child, which may change all that belongs to a process, such as its namespaces, and ends with the
 * caller.  Returns what @trial returns: an errno, or 0.  ECHILD: the child was killed.
 */
int process_try(int (*trial)(void));

/*
 * Ends a process that is in a container's user namespace and still has the host's root directory, working
 * directory or descriptors.
 * A process that ends loses its memory map first, and with the map the mark PR_SET_DUMPABLE 0, which kept
 * others out; for a moment it still has its files.  A process with CAP_SYS_PTRACE in that user namespace
 * could take them by /proc/PID/root, cwd and fd.  So they are given up before: the root becomes an empty file
 * system that is mounted nowhere, from which no ".." leads up.
 * Source: Linux, do_exit() and __ptrace_may_access().
 */
_Noreturn void process_end_without_files(int status);

#endif
