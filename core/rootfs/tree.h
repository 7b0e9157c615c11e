/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTFS_TREE_H
#define URUN_ROOTFS_TREE_H

#include <stdint.h>

#include "core/config/mount_options.h"

/*
 * Mounts by their descriptors: copied, put somewhere, changed.
 * All run in: init.
 * Source: open_tree(2), move_mount(2), mount_setattr(2).
 */

/*
 * A detached copy of the mount at @path (empty: @dir itself), with AT_RECURSIVE of those below too;
 * AT_SYMLINK_NOFOLLOW. A descriptor (the caller's; closing it before mount_attach() undoes the
 * copy) or a negative errno.
 */
int mount_clone(int dir, const char *path, unsigned int flags);

/*
 * mount_clone() of what @path names.  Where our own rights don't reach that, @fd is copied, which the
 * caller has opened with O_PATH (another descriptor, or -1: the caller couldn't).
 */
int mount_clone_source(const char *path, int fd, unsigned int flags);

/*
 * Puts the detached mount @tree on @target, on top of what is mounted there.  0 or a negative
 * errno.
 */
int mount_attach(int tree, int target);

/*
 * mount_setattr(2) of the mount whose root is @fd; @flags: 0 or AT_RECURSIVE.  0 or a negative
 * errno.
 */
int mount_change_attr(int fd, unsigned int flags, uint64_t set, uint64_t clear);
int mount_change_propagation(int fd, unsigned int flags, uint64_t propagation);

/* Changes the propagation of the mount whose root is @fd as the options say, in their order.  Likewise. */
int mount_change_propagations(int fd, const struct mount_options *options);

/* The MOUNT_ATTR_… bits of the mount that @fd is on; 0 where that can't be read. */
uint64_t mount_attr_of(int fd);

#endif
