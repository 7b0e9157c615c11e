/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTFS_OVERLAY_H
#define URUN_ROOTFS_OVERLAY_H

#include "core/config/config.h"

/*
 * An overlay over the root file system, which keeps changes apart.  The annotation org.urun.overlay
 * is "tmpfs" (changes are kept in memory, and end with the container) or the absolute path of a
 * directory, which gets the changes in its directory "upper".  The annotation org.urun.layers has
 * more layers below the root file system (core/config/layers.h).
 * Runs in: init before pivot_root.
 * Source: Documentation/filesystems/overlayfs.rst of Linux, "userxattr" and "Volatile mount".
 */

/*
 * Must the changes outlive a crash of the host?  With OVERLAY_VOLATILE the end of the mount doesn't wait
 * until the whole file system of the changes is on the disk, and the kernel refuses the same directory
 * to a later overlay: for changes that are removed with the container.
 */
enum overlay_life {
	OVERLAY_KEPT,
	OVERLAY_VOLATILE,
	OVERLAY_NONE, /* no overlay can be had: core/rootfs/view.h in its place */
};

/*
 * Makes the kernel's overlay of @config, which has the annotation org.urun.overlay, over @dir, the root
 * file system (O_PATH).  *ret_tree is the detached mount, and the caller's.  For changes in memory a
 * tmpfs is mounted on @dir.
 */
int overlay_make(const struct container_config *config, enum overlay_life life, int dir,
		 int *ret_tree, struct error *err);

/*
 * Makes a FUSE mount for the overlay, for files of ids that have no mapping here.  *ret_fuse and
 * *ret_tree are the caller's; a server must have *ret_fuse before anybody accesses the mount.
 */
int overlay_make_fuse(const char *path, int *ret_fuse, int *ret_tree, struct error *err);

#endif
