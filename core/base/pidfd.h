/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_PIDFD_H
#define URUN_BASE_PIDFD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * pidfd_open(2) and pidfd_send_signal(2): return a descriptor (close-on-exec) or 0, else a negative
 * errno.
 */
int pidfd_open_process(pid_t pid);
int pidfd_signal(int pidfd, int signal);

/*
 * Sends @signal with @value, as sigqueue(3) does by pid, and with the pid 0 as the sender's.
 * Returns 0 or a negative errno.
 */
int pidfd_queue_signal(int pidfd, int signal, uint32_t value);

/*
 * The pid of its process in our pid namespace; -ESRCH where the process has ended (proc(5):
 * fdinfo).
 */
pid_t pidfd_pid(int pidfd);

/* Fields of /proc/PID/stat.  Source: proc(5). */
struct process_stat {
	char name[64];	     /* chosen by the process: prctl(PR_SET_NAME), or the file of execve */
	char state;	     /* 'Z' zombie, 'X' dead; also for a process that is ending */
	uint64_t cpu_ticks;  /* user and system time; sysconf(_SC_CLK_TCK) a second */
	uint64_t start_time; /* ticks since boot.  With it, a pid names a process for ever. */
	uint64_t pages;	     /* of memory that are resident */
};

/* Returns 0 or a negative errno (-ESRCH: no such process). */
int process_read_stat(pid_t pid, struct process_stat *ret_stat);

/* Sets of signals: signal N is bit N - 1.  Source: proc(5), /proc/PID/status. */
struct process_signals {
	uint64_t blocked; /* in the first thread; programs block all for a moment around a fork */
	uint64_t caught;  /* there is a handler */
};

/* Returns 0 or a negative errno. */
int process_read_signals(pid_t pid, struct process_signals *ret_signals);

/* Reads the start time and the state, as process_read_stat() does. */
int pidfd_start_time(pid_t pid, uint64_t *ret_start_time, char *ret_state);

/*
 * Can @result, of a look at a process in /proc, mean that /proc hides the process?  With hidepid=1
 * the look is refused; with the other values the process seems not to exist.
 */
bool process_may_be_hidden(int result);

/*
 * The number of the process among all since the boot.  It names the process even where /proc hides
 * it (hidepid).  0: the kernel has no such numbers (before Linux 6.9).
 * Source: the kernel's fs/pidfs.c; fstat(2).
 */
uint64_t pidfd_inode(int pidfd);

/*
 * How the process ended, as waitpid(2) tells its parent, after the parent has reaped it.  Returns 0;
 * -ESRCH where it isn't reaped yet; or another negative errno, where the kernel doesn't tell (before
 * Linux 6.15).  Source: the kernel's include/uapi/linux/pidfd.h, PIDFD_INFO_EXIT.
 */
int pidfd_exit_status(int pidfd, int *ret_wait_status);

/*
 * Opens @pid if it is still the process that started at @start_time, with the number @inode, and
 * hasn't ended; -ESRCH otherwise.  @start_time or @inode may be 0: not known; the start time alone
 * doesn't help where /proc hides the process.
 * ORDER: the descriptor is opened first and compared afterwards, so that the pid can't be reused in
 * between.
 */
int pidfd_open_same(pid_t pid, uint64_t start_time, uint64_t inode);

#endif
