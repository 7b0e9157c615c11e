/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTFS_ROOTFS_H
#define URUN_ROOTFS_ROOTFS_H

#include <stdbool.h>

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/config/mount_plan.h"

/*
 * The root file system as a mount of its own, entered by pivot_root(2).
 * Source: OCI runtime-spec 1.3, config.md "Root", config-linux.md "Rootfs Mount Propagation";
 * mount_namespaces(7), pivot_root(2).
 */

/*
 * Is the root at @path on a FUSE file system that lets in the user alone who has mounted it, who isn't
 * this process?  @source as for rootfs_prepare().  Source: fuse(4), allow_other.
 */
bool rootfs_is_private(const char *path, int source);

/*
 * Cuts the mount namespace off from the host's (rslave, or rprivate where linux.rootfsPropagation
 * says so), and puts a copy of root.path (absolute by now) and of all mounts below it on top of
 * root.path itself, private; or an overlay of root.path, see overlay.h, which is @fuse_tree where
 * that is one (else -1; it stays the caller's).
 * *ret_rootfs_fd (the caller's, O_PATH, close-on-exec) is the root of that new mount.
 * Where root.path can't be reached with our rights, @source is it, opened with the caller's (-1:
 * none); without, the error names the folder that can't be searched.
 * Runs in: init before pivot_root.
 */
int rootfs_prepare(const struct container_config *config, const struct mount_plan *plan, int source,
		   int fuse_tree, int *ret_rootfs_fd, struct error *err);

enum rootfs_enter_how {
	ROOTFS_PIVOT,
	ROOTFS_NO_PIVOT, /* the mount moves to / and chroot(2) follows: for a host in its initramfs
			  */
};

/*
 * Makes @rootfs_fd the root and the working directory; the host's tree is gone afterwards.
 * Runs in: init; the last thing before pivot_root and the first after it.
 */
int rootfs_enter(int rootfs_fd, enum rootfs_enter_how how, struct error *err);

/*
 * root.readonly, read-only file systems that had to be filled first (filled_later of the plan's steps), and
 * linux.rootfsPropagation.
 * Runs in: init after pivot_root and mask_paths(): an unbindable root has nothing in it that could
 * be masked.
 */
int rootfs_finish(const struct container_config *config, const struct mount_plan *plan,
		  struct error *err);

/*
 * Adds a hint that names the first folder on the way to @path (absolute) that can't be searched, if
 * there is one.
 */
void rootfs_hint_unsearchable(const char *path, struct error *err);

#endif
