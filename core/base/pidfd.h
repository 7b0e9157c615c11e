/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_PIDFD_H
#define URUN_BASE_PIDFD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* pidfd_open(2), pidfd_send_signal(2): a descriptor (close-on-exec) or 0, else a negative errno. */
int pidfd_open_process(pid_t pid);
int pidfd_signal(int pidfd, int signal);

/* Its process's pid in our pid namespace; -ESRCH where that has ended (proc(5): fdinfo). */
pid_t pidfd_pid(int pidfd);

/* What /proc/PID/stat says of a process.  Source: proc(5). */
struct process_stat {
	char name[64];	     /* of its own choice: prctl(PR_SET_NAME), or execve's file */
	char state;	     /* 'Z' zombie, 'X' dead, also for one that is ending */
	uint64_t cpu_ticks;  /* user's and system's, of sysconf(_SC_CLK_TCK) a second */
	uint64_t start_time; /* ticks since boot.  With it, a pid names a process for ever. */
};

/* Returns 0 or a negative errno (-ESRCH: no such process). */
int process_read_stat(pid_t pid, struct process_stat *ret_stat);

/* Reads the start time and the state, as process_read_stat() does. */
int pidfd_start_time(pid_t pid, uint64_t *ret_start_time, char *ret_state);

/*
 * Is @result, of a look at a process in /proc, that of one which is hidden?  With hidepid=1 it is refused,
 * with the others the process seems not to be there.
 */
bool process_may_be_hidden(int result);

/*
 * The process's number among all since the boot, which names it even where /proc hides it (hidepid);
 * 0: the kernel has no such numbers, before Linux 6.9.
 * Source: the kernel's fs/pidfs.c; fstat(2).
 */
uint64_t pidfd_inode(int pidfd);

/*
 * Opens @pid if it is still the process that started at @start_time, with the number @inode, and
 * hasn't ended; -ESRCH otherwise.  0: one of the two isn't known; the start time alone counts for
 * nothing where /proc hides the process.
 * ORDER: the descriptor is opened first and the rest compared after, so that no reuse fits in
 * between.
 */
int pidfd_open_same(pid_t pid, uint64_t start_time, uint64_t inode);

#endif
