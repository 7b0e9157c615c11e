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
 * The tree of cgroup version 2.  Paths are those of /proc/PID/cgroup: they begin with '/' and are
 * below /sys/fs/cgroup.
 * Source: the kernel's Documentation/admin-guide/cgroup-v2.rst.
 */

/* May we make cgroups in it and move processes there?  What a delegation is. */
bool cgroup_is_ours(const char *path);

/*
 * Makes the cgroup and those on the way to it, and enables the controllers that @settings need in
 * each.  What exists is taken as it is; *ret_made is the topmost that was made, for the caller to
 * free (NULL: none).  Fails with the controller, the file and the mend where one isn't delegated.
 */
int cgroup_make(const char *path, const struct cgroup_settings *settings, char **ret_made,
		struct error *err);

/* How an ordinary user comes by controllers: a drop-in for systemd, to be written by root. */
#define CGROUP_DELEGATION_MEND                                                                     \
	"as root put '[Service]' and 'Delegate=cpu cpuset io memory pids' into "                   \
	"/etc/systemd/system/user@.service.d/delegate.conf, run systemctl daemon-reload, and log " \
	"in again"

/* Could cgroups made in @path have the settings?  Fails as cgroup_make() would; changes nothing. */
int cgroup_check_controllers(const char *path, const struct cgroup_settings *settings,
			     struct error *err);

/* Opens a cgroup's folder; a descriptor (close-on-exec, the caller's) or a negative errno. */
int cgroup_open(const char *path);

/* Writes the settings.  Fails with the field, the file and the mend. */
int cgroup_apply(const char *path, const struct cgroup_settings *settings, struct error *err);

/* Moves a process. */
int cgroup_enter(const char *path, pid_t pid, struct error *err);

/* Gives the cgroup and the files that may be delegated to @uid and @gid. */
int cgroup_give(const char *path, uid_t uid, gid_t gid, struct error *err);

/*
 * Kills all processes in it and below.  Without cgroup.kill (Linux 5.14) it is frozen while each is
 * killed.
 */
int cgroup_kill(const char *path, struct error *err);

/* Freezes or thaws it, and waits until that has happened, 10 s at most. */
int cgroup_freeze(const char *path, bool frozen, struct error *err);
/* Returns 1, 0 also where there is no such cgroup, or -1. */
int cgroup_is_frozen(const char *path, struct error *err);

/*
 * The processes in it and below, in our pid namespace, in ascending order.  The caller frees
 * *ret_pids.
 */
int cgroup_pids(const char *path, pid_t **ret_pids, size_t *ret_count, struct error *err);

/*
 * Removes it and those below, waiting up to 2 s for processes that are ending.  One that isn't
 * there is removed.
 */
int cgroup_remove(const char *path, struct error *err);

/* The content of a file of the cgroup (the caller frees it), or NULL. */
char *cgroup_read(const char *path, const char *file);

#endif
