/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTFS_MOUNT_H
#define URUN_ROOTFS_MOUNT_H

#include <stdint.h>

#include "core/base/error.h"
#include "core/config/mount_plan.h"

/*
 * What is needed later of what was mounted, -1 where there is none.  Start from MOUNT_VIEWS_NONE.
 */
struct mount_views {
	/*
	 * The mounts on /proc and /sys themselves, which stay these wherever somebody who shares the
	 * root file system moves the directories.
	 */
	int proc;
	int sys;
	int resolv; /* /etc/resolv.conf, see own_file_write(): it is to follow the host's */
};

#define MOUNT_VIEWS_NONE ((struct mount_views){ -1, -1, -1 })

void mount_views_release(struct mount_views *views);

/*
 * Applies the plan below the root file system, step by step in the config's order.  Missing targets
 * are made.  Every target is resolved once, inside @rootfs_fd (the descriptor that rootfs_prepare()
 * gave: of the attached mount, so that later steps go through the mounts of earlier ones), and all
 * that follows is done to descriptors: a new mount has its options before anybody can see it.
 * Relative sources are relative to the working directory.
 * Where the kernel refuses them: sysfs becomes a recursive read-only bind of the host's /sys,
 * cgroup a bind of our own cgroup, or nothing where the host has none.  "ro" of a recursive bind of a sysfs or
 * procfs holds for all that is mounted in it.  A bind's source keeps the
 * flags that a more privileged namespace has locked.
 * @views, which stays the caller's, gets what was mounted on /proc and /sys last, and the resolv.conf
 * that was written in place of a mount.
 * Runs in: init before pivot_root, with all capabilities in the user namespace.
 * Source: OCI runtime-spec 1.3, config.md "Mounts"; mount_setattr(2), mount_namespaces(7).
 */
int mount_plan_apply(const struct mount_plan *plan, int rootfs_fd, struct mount_views *views,
		     struct error *err);

#endif
