/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTFS_MOUNT_FILESYSTEM_H
#define URUN_ROOTFS_MOUNT_FILESYSTEM_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/config/mount_plan.h"

/*
 * New file systems, by fsopen(2), fsconfig(2), fsmount(2).  All run in init before pivot_root.
 */

/*
 * Makes the file system of @step with its attributes; detached (closing the descriptor, which is
 * the caller's, undoes it).  With tmpcopyup it is writable whatever was asked.  @target is what it
 * will be mounted on, or -1: a tmpfs without mode= takes the mode from there.  overlay gets
 * userxattr, which a user namespace needs.
 * Where an option is refused, the error names it with the kernel's own words.
 * err->code is EPERM where this user namespace may not mount the type.
 */
int mount_filesystem_make(const struct mount_plan *plan, const struct mount_step *step, int target,
			  struct error *err);

/* fsconfig(2) takes values of up to 255 bytes: is there a longer one (lowerdir= of an overlay)? */
bool mount_filesystem_is_long(const struct mount_step *step);

/* Mounts by mount(2) on @target, whose options are up to a page long. */
int mount_filesystem_by_path(const struct mount_plan *plan, const struct mount_step *step,
			     int target, struct error *err);

/* Applies superblock flags and data options to what is mounted already at @target. */
int mount_filesystem_reconfigure(const struct mount_step *step, int target, struct error *err);

/* Counts changes of inodes; @tree is attached already.  Only mount(2) can say it. */
int mount_filesystem_iversion(const struct mount_step *step, int tree, struct error *err);

/* The MOUNT_ATTR_… bits that a new mount of this step has. */
uint64_t mount_filesystem_attrs(const struct mount_step *step);

/*
 * The folder of this process's cgroup in the host's /sys/fs/cgroup (cgroup v2), or NULL.  The
 * caller frees it.
 */
char *mount_own_cgroup(void);

#endif
