/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_PIDFD_H
#define URUN_BASE_PIDFD_H

#include <stdint.h>
#include <sys/types.h>

/* pidfd_open(2), pidfd_send_signal(2): a descriptor (close-on-exec) or 0, else a negative errno. */
int pidfd_open_process(pid_t pid);
int pidfd_signal(int pidfd, int signal);

/* Its process's pid in our pid namespace; -ESRCH where that has ended (proc(5): fdinfo). */
pid_t pidfd_pid(int pidfd);

/*
 * Field 22 of /proc/PID/stat: clock ticks since boot.  With it, a pid names a process for ever.
 * *ret_state is field 3 ('Z' zombie, 'X' dead, also for one that is ending).  Returns 0 or a negative errno (-ESRCH: no such
 * process). Source: proc(5).
 */
int pidfd_start_time(pid_t pid, uint64_t *ret_start_time, char *ret_state);

/*
 * Opens @pid if it is still the process that started at @start_time and hasn't ended; -ESRCH
 * otherwise. ORDER: the descriptor is opened first and the time compared after, so that no reuse
 * fits in between.
 */
int pidfd_open_same(pid_t pid, uint64_t start_time);

#endif
