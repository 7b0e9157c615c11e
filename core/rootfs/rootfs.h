/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTFS_ROOTFS_H
#define URUN_ROOTFS_ROOTFS_H

#include <stdbool.h>

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/config/mount_plan.h"
#include "core/rootfs/overlay.h"

/*
 * The root file system as a mount of its own, entered by pivot_root(2).
 * Source: OCI runtime-spec 1.3, config.md "Root", config-linux.md "Rootfs Mount Propagation";
 * mount_namespaces(7), pivot_root(2).
 */

/*
 * Is the root at @path on a FUSE file system to which only the user who mounted it has access, and
 * this process hasn't the ids of that user?  @source: as for rootfs_prepare().  Source: fuse(4),
 * allow_other.
 */
bool rootfs_is_private(const char *path, int source);

/*
 * May mounts of the container reach the host?  With rootfsPropagation "shared", root of the host lets a
 * container do so in each bind that is shared too: its peer group would be lost if the host's mounts
 * were slaves.  All else is made a slave by itself then.  In a user namespace the kernel has made all
 * slaves already.  With every other word the host's mounts become slaves, also with "private": a bind
 * that asks for "slave" needs the peer group of its source.  The plan makes the other binds private.
 */
bool rootfs_sends_mounts(const struct mount_plan *plan);

/*
 * Makes all mounts of the host slaves, so that nothing in this mount namespace reaches the host, unless
 * rootfs_sends_mounts().
 * Puts a copy of root.path (which is absolute), with all mounts below it, on top of root.path, and
 * makes the copy private; or puts an overlay over root.path there, see overlay.h.  @fuse_tree is
 * the overlay's mount where fuse-overlayfs serves it, else -1; it stays the caller's.
 * *ret_rootfs_fd (the caller's, O_PATH, close-on-exec) is the root of the new mount. @source is
 * root.path, opened with the caller's rights, for where ours don't suffice (-1: none); without it
 * the error names the directory that can't be searched.
 * Runs in: init before pivot_root.
 */
int rootfs_prepare(const struct container_config *config, const struct mount_plan *plan,
		   enum overlay_life life, int source, int fuse_tree, int *ret_rootfs_fd,
		   struct error *err);

enum rootfs_enter_how {
	ROOTFS_PIVOT,
	ROOTFS_NO_PIVOT, /* the mount moves to /, then chroot(2): for a host that runs in its initramfs */
};

/*
 * Makes @rootfs_fd the root and the working directory.  No path of the host can be opened
 * afterwards.
 * Runs in: init; the last step before pivot_root and the first one after it.
 */
int rootfs_enter(int rootfs_fd, enum rootfs_enter_how how, struct error *err);

/*
 * Applies root.readonly, makes the file systems read-only that had to be filled first (filled_later
 * of the plan's steps), and applies linux.rootfsPropagation.
 * Runs in: init after pivot_root and mask_paths(), which can't copy mounts of an unbindable root.
 */
int rootfs_finish(const struct container_config *config, const struct mount_plan *plan,
		  struct error *err);

/*
 * Adds a hint that names the first directory in @path (absolute) that can't be searched, if there
 * is one.
 */
void rootfs_hint_unsearchable(const char *path, struct error *err);

#endif
