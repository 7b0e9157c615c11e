/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTFS_TREE_H
#define URUN_ROOTFS_TREE_H

#include <stdint.h>

#include "core/config/mount_options.h"

/*
 * Copies, attaches and changes mounts by their descriptors.
 * Runs in: init.
 * Source: open_tree(2), move_mount(2), mount_setattr(2).
 */

/*
 * Makes a detached copy of the mount at @path below @dir (an empty @path: of @dir itself).  @flags:
 * AT_RECURSIVE copies the mounts below too; AT_SYMLINK_NOFOLLOW.  Returns the caller's descriptor,
 * which ends the copy if it is closed before mount_attach(), or a negative errno.
 */
int mount_clone(int dir, const char *path, unsigned int flags);

/*
 * mount_clone() of @path.  Where our own rights don't suffice to open @path, copies @fd: @path as
 * the caller has opened it, with O_PATH.  A descriptor that isn't O_PATH, or -1, says that the
 * caller couldn't.
 */
int mount_clone_source(const char *path, int fd, unsigned int flags);

/*
 * Puts the detached mount @tree on @target, on top of other mounts there.  Returns 0 or a negative
 * errno.
 */
int mount_attach(int tree, int target);

/*
 * mount_setattr(2) for the mount with the root @fd; @flags: 0 or AT_RECURSIVE.  Return 0 or a
 * negative errno.
 */
int mount_change_attr(int fd, unsigned int flags, uint64_t set, uint64_t clear);
int mount_change_propagation(int fd, unsigned int flags, uint64_t propagation);

/* Makes the changes of propagation that the options ask for, in their order.  Likewise. */
int mount_change_propagations(int fd, const struct mount_options *options);

/* The MOUNT_ATTR_… bits of the mount that @fd is on; 0 where they can't be read. */
uint64_t mount_attr_of(int fd);

#endif
