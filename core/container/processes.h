/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_PROCESSES_H
#define URUN_CONTAINER_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/container/state.h"

/*
 * Lists a container's processes by their pids on the host, in ascending order: the processes in its
 * cgroup, or in its pid namespace where it has no cgroup.  Fails where it has neither of its own:
 * then its processes can't be told from others.  The caller frees *ret_pids.  Runs in: parent.
 */
int processes_list(const struct container_state *state, pid_t **ret_pids, size_t *ret_count,
		   struct error *err);

/*
 * Has @pid, the first process of a container or of `exec`, executed its program?  True also where
 * /proc no longer shows the process.
 */
bool program_is_executed(pid_t pid);

/*
 * The same question after the end of the pipe that execve(2) closes: false where the process ended
 * without execve(2).  Waits for at most 0.2 s.
 */
bool program_was_executed(pid_t pid);

/* Why a process ends without execve(2) and without a message, where it has a seccomp profile. */
#define PROGRAM_FILTER_HINT                                                                        \
	"linux.seccomp refuses calls by which the program is started, or by which urun says what " \
	"failed: execve, sendmsg, exit_group, and for create read and close"

#endif
