/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_PROC_CGROUP_H
#define URUN_BASE_PROC_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The cgroup that a process is in, in the tree of version 2.  Source: cgroups(7). */

#define CGROUP_ROOT "/sys/fs/cgroup"

/* Is /sys/fs/cgroup version 2 (not a hybrid of both versions)? */
bool cgroup_is_unified(void);

/*
 * The path of the line of version 2 ("0::/user.slice/x") in the text of a /proc/PID/cgroup:
 * "/user.slice/x", and "" for the root, so that the path can be put behind CGROUP_ROOT.  NULL: the
 * text has no such line.  The caller frees it.
 */
char *proc_cgroup_parse(const char *text, size_t size);

/* The path for @pid (0: the caller); NULL also where the file can't be read. */
char *cgroup_of(pid_t pid);

#endif
