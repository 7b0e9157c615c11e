/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTFS_MOUNT_H
#define URUN_ROOTFS_MOUNT_H

#include <stdint.h>

#include "core/base/error.h"
#include "core/config/mount_plan.h"

/* Descriptors of mounts that later steps need; -1: there is none.  Start from MOUNT_VIEWS_NONE. */
struct mount_views {
	/*
	 * The mounts on /proc and /sys.  They stay the same where another container that shares the
	 * root file system moves the directories.
	 */
	int proc;
	int sys;
	int resolv; /* /etc/resolv.conf where own_file_write() wrote it: it follows the host's file */
	int hosts; /* likewise: it follows the containers that share the network */
	int cwd;   /* our working directory, while the plan is applied */
};

#define MOUNT_VIEWS_NONE ((struct mount_views){ -1, -1, -1, -1, -1 })

void mount_views_release(struct mount_views *views);

/*
 * Applies the plan inside the root file system, step by step.  Targets that don't exist are made.
 * Each target is resolved once, inside @rootfs_fd, and all later calls take descriptors: a new
 * mount has its options before another process can see it.  @rootfs_fd is the descriptor that
 * rootfs_prepare() returns, of the attached mount, so that the paths of later steps go through the
 * mounts of earlier ones. Where the kernel refuses a new sysfs, the host's /sys is bound, read-only
 * with all mounts in it; in place of cgroup2 our own cgroup is bound, or nothing where the host has
 * no cgroup.  "ro" of a recursive bind of a sysfs or procfs holds for all mounts in it.  The source
 * of a bind keeps the flags that a more privileged namespace has locked. @views, which stays the
 * caller's, gets the last mounts on /proc and /sys, and the resolv.conf and hosts that were written
 * in place of mounts.  A step with a tree_fd attaches that mount, with the step's attributes.
 * Runs in: init before pivot_root, with all capabilities in the user namespace.
 * Source: OCI runtime-spec 1.3, config.md "Mounts"; mount_setattr(2), mount_namespaces(7).
 */
int mount_plan_apply(const struct mount_plan *plan, int rootfs_fd, struct mount_views *views,
		     struct error *err);

#endif
