/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CGROUP_TREE_H
#define URUN_CGROUP_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/base/proc_cgroup.h"
#include "core/cgroup/limits.h"

/*
 * The tree of cgroup version 2.  Paths are as in /proc/PID/cgroup: they begin with '/', and are
 * below /sys/fs/cgroup.
 * Source: the kernel's Documentation/admin-guide/cgroup-v2.rst.
 */

/*
 * Is the cgroup delegated to the caller: may the caller make cgroups in it and move processes
 * there?
 */
bool cgroup_is_ours(const char *path);

/*
 * Makes the cgroup and all above it that don't exist, and enables the controllers that @settings
 * need in each.  *ret_made is the topmost cgroup that was made, for the caller to free (NULL:
 * none). Where a controller isn't delegated, the error names the controller and the file, and the
 * hint says how to delegate.
 */
int cgroup_make(const char *path, const struct cgroup_settings *settings, char **ret_made,
		struct error *err);

/* How root delegates controllers to ordinary users: a drop-in for systemd. */
#define CGROUP_DELEGATION_MEND                                                                     \
	"as root put '[Service]' and 'Delegate=cpu cpuset io memory pids' into "                   \
	"/etc/systemd/system/user@.service.d/delegate.conf, run systemctl daemon-reload, and log " \
	"in again"

/*
 * Checks that cgroups made in @path could have the settings.  Fails as cgroup_make() would; changes
 * nothing.
 */
int cgroup_check_controllers(const char *path, const struct cgroup_settings *settings,
			     struct error *err);

/*
 * Opens a cgroup's directory.  Returns a descriptor, which the caller closes, or a negative errno.
 */
int cgroup_open(const char *path);

/* Writes the settings.  The error names the config's field and the file. */
int cgroup_apply(const char *path, const struct cgroup_settings *settings, struct error *err);

/* Moves a process into the cgroup. */
int cgroup_enter(const char *path, pid_t pid, struct error *err);

/* Gives the cgroup and the files that may be delegated to @uid and @gid. */
int cgroup_give(const char *path, uid_t uid, gid_t gid, struct error *err);

/*
 * Kills all processes of the cgroup and of those below.  Where the kernel has no cgroup.kill
 * (before Linux 5.14), the cgroup is frozen and each process is killed.
 */
int cgroup_kill(const char *path, struct error *err);

/* Freezes or thaws the cgroup, and waits until the kernel has done it, 10 s at most. */
int cgroup_freeze(const char *path, bool frozen, struct error *err);
/* Returns 1, or 0 (also where there is no such cgroup), or -1 with an error. */
int cgroup_is_frozen(const char *path, struct error *err);

/*
 * The processes of the cgroup and of those below, as numbers of the caller's pid namespace, in
 * ascending order.  The caller frees *ret_pids.
 */
int cgroup_pids(const char *path, pid_t **ret_pids, size_t *ret_count, struct error *err);

/* Returns whether a process is in it or below; false also where there is no such cgroup. */
bool cgroup_has_processes(const char *path);

/*
 * Removes the cgroup and those below, and waits up to 2 s for processes that are ending.  It is no
 * error that the cgroup doesn't exist.
 */
int cgroup_remove(const char *path, struct error *err);

/* The content of a file of the cgroup (the caller frees it), or NULL. */
char *cgroup_read(const char *path, const char *file);

#endif
