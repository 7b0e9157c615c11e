/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SYNC_JOIN_H
#define URUN_SYNC_JOIN_H

#include "core/base/error.h"
#include "core/config/config.h"

/*
 * Joining namespaces by their descriptors.  @joined has a descriptor for each enum
 * config_namespace_type, -1 where no namespace of that type is joined.  The caller keeps the
 * descriptors.  All functions make system calls only: the process may be a clone that shares the
 * memory of its parent.
 * Runs in: init, and the process that becomes init, before it joins the mount namespace.
 * Source: setns(2).
 */

/* Joins the namespace of @type; does nothing where @joined has no descriptor of it. */
int join_namespace(const int joined[static CONFIG_NS_COUNT], enum config_namespace_type type,
		   struct error *err);

/*
 * Joins the network, ipc, uts and cgroup namespaces.
 * ORDER: after the user namespace: setns(2) needs capabilities in it.
 */
int join_late_namespaces(const int joined[static CONFIG_NS_COUNT], struct error *err);

/* The types that join_late_namespaces() joins. */
extern const enum config_namespace_type joined_late[];
extern const size_t joined_late_count;

/*
 * Opens /proc/self/timens_offsets for join_time_namespace().  The caller closes *@ret_fd.
 * ORDER: before the user namespace is joined: the file of a process that isn't dumpable belongs to
 * the root of the user namespace in which the process was executed.
 */
int join_open_clocks(int *ret_fd, struct error *err);

/*
 * Joins the time namespace of @joined, or makes a new one where @new_flags has CLONE_NEWTIME, and
 * sets the clocks of linux.timeOffsets.  Children enter a new time namespace; the process itself
 * enters at the next execve, since Linux 6.1.  The clocks can be set only while the namespace has
 * no process.  @clocks_fd is the descriptor of join_open_clocks(); -1: the file is opened now.
 * Source: time_namespaces(7).
 */
int join_time_namespace(const int joined[static CONFIG_NS_COUNT], int new_flags,
			const struct container_config *config, int clocks_fd, struct error *err);

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

#endif
