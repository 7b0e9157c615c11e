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
 * Makes the file system of @step with its attributes, detached, and returns the caller's
 * descriptor; if this is closed, the file system ends.  With tmpcopyup the mount is writable even
 * where "ro" is given.  @target is the place that it will be mounted on, whose mode a tmpfs without
 * mode= takes; -1: no such place.  An overlay gets userxattr, which a user namespace needs. The
 * error for a refused option names the option, with the kernel's own words.  err->code is EPERM
 * where this user namespace may not mount the type.
 */
int mount_filesystem_make(const struct mount_plan *plan, const struct mount_step *step, int target,
			  struct error *err);

/*
 * Is there an option (lowerdir= of an overlay) with more than 255 bytes, which fsconfig(2) doesn't
 * take?
 */
bool mount_filesystem_is_long(const struct mount_step *step);

/*
 * Mounts a file system with ordinary options on the directory @target, by two system calls in place of nine:
 * mount(2) on the working directory, which mount_plan_apply() sets to @cwd again.  @model is the @target of
 * mount_filesystem_make().  Returns false where nothing was mounted: the step needs more, or the kernel refuses,
 * and mount_filesystem_make() finds the words for that.
 */
bool mount_filesystem_in_place(const struct mount_plan *plan, const struct mount_step *step,
			       int target, int model, int cwd);

/* Mounts on @target by mount(2), which takes options of up to a page. */
int mount_filesystem_by_path(const struct mount_plan *plan, const struct mount_step *step,
			     int target, struct error *err);

/*
 * Changes the file system that is mounted at @target: flags of the superblock, and its own options.
 */
int mount_filesystem_reconfigure(const struct mount_step *step, int target, struct error *err);

/* Sets iversion, which only mount(2) can do.  @tree is attached already. */
int mount_filesystem_iversion(const struct mount_step *step, int tree, struct error *err);

/* The MOUNT_ATTR_… bits that a new mount of this step has. */
uint64_t mount_filesystem_attrs(const struct mount_step *step);

/*
 * The directory of this process's cgroup in the host's /sys/fs/cgroup (cgroup v2), or NULL.  The
 * caller frees the text.
 */
char *mount_own_cgroup(void);

#endif
