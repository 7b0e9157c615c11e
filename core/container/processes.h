/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_PROCESSES_H
#define URUN_CONTAINER_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/container/state.h"

/*
 * Lists a container's processes by their pids on the host, in ascending order: the processes in its
 * cgroup, or in its pid namespace where it has no cgroup; in another container's pid namespace, in its
 * mount namespace.  Fails where it has neither of its own:
 * then its processes can't be told from others.  The caller frees *ret_pids.  Runs in: parent.
 */
int processes_list(const struct container_state *state, pid_t **ret_pids, size_t *ret_count,
		   struct error *err);

/*
 * The processes of the host by their pid namespaces, for a command that lists those of many
 * containers: /proc is read once, and not for each container.  Start from all zero.
 */
struct process_table {
	struct process_table_row {
		uint64_t pid_namespace;
		pid_t pid;
	} * rows; /* sorted; NULL: not read yet */
	size_t count;
};

void process_table_release(struct process_table *table);
#define autoprocesstable __attribute__((cleanup(process_table_release)))

/*
 * As processes_list().  Where the container has no cgroup, its processes are those in @table, which is
 * filled by the first call that needs it: processes that start later aren't listed.
 */
int processes_list_from(struct process_table *table, const struct container_state *state,
			pid_t **ret_pids, size_t *ret_count, struct error *err);

/* The number of @pid's mount namespace; 0: not known. */
uint64_t process_mount_namespace(pid_t pid);

/*
 * Kills what a container in another's pid namespace has left: the kernel ends only the processes of a
 * pid namespace whose process 1 has ended.  Its processes are those in its mount namespace.  (One that
 * has made itself another mount namespace is known by the cgroup alone, if there is one, and ends with
 * the other container.)  Does nothing for any other container.  Runs in: parent.
 */
int processes_end_rest(const struct container_state *state, struct error *err);

/* The pid of a process 1 of urun's own (--init), which passes signals on; 0: there is none. */
pid_t process_pid1(const struct container_state *state);

/*
 * The pid of the container's program: of its first process, or where that is urun's own process 1
 * (--init), of the child that process 1 has had for the longest time.
 * Source: proc(5), /proc/PID/task/TID/children.
 */
pid_t process_of_program(const struct container_state *state);

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
