/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SYNC_JOIN_H
#define URUN_SYNC_JOIN_H

#include "core/base/error.h"
#include "core/config/config.h"

/*
 * Joining namespaces by their descriptors: @joined has one for each enum config_namespace_type, and
 * -1 where none is joined.  The descriptors stay the caller's.
 * Runs in: init, and the process that becomes init, before the mount namespace is joined.
 * All make system calls only: the process may be a clone that has its parent's memory.
 * Source: setns(2).
 */

/* Nothing to do where @joined has no descriptor of @type. */
int join_namespace(const int joined[static CONFIG_NS_COUNT], enum config_namespace_type type,
		   struct error *err);

/*
 * Joins network, ipc, uts and cgroup.
 * ORDER: after the user namespace, whose capabilities these need.
 */
int join_late_namespaces(const int joined[static CONFIG_NS_COUNT], struct error *err);

/* The types that join_late_namespaces() joins. */
extern const enum config_namespace_type joined_late[];
extern const size_t joined_late_count;

/*
 * Opens the file of our clocks' offsets, for join_time_namespace().  The file of a process that isn't
 * dumpable belongs to the root of the user namespace that its memory map is from.  The caller closes
 * *@ret_fd.
 */
int join_open_clocks(int *ret_fd, struct error *err);

/*
 * Joins the time namespace of @joined, or makes a new one where @new_flags has CLONE_NEWTIME, and
 * sets the clocks of linux.timeOffsets.  A new one holds for children and, since Linux 6.1, from
 * the next execve on; its clocks can be set only while it is empty.  @clocks_fd is of
 * join_open_clocks(), and -1 where the file is to be opened now.
 * Source: time_namespaces(7).
 */
int join_time_namespace(const int joined[static CONFIG_NS_COUNT], int new_flags,
			const struct container_config *config, int clocks_fd, struct error *err);

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

#endif
