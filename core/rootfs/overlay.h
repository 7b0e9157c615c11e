/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTFS_OVERLAY_H
#define URUN_ROOTFS_OVERLAY_H

#include "core/base/error.h"

/*
 * An overlay over the root file system, which keeps changes apart.  The annotation org.urun.overlay
 * is "tmpfs" (changes are kept in memory, and end with the container) or the absolute path of a
 * directory, which gets the changes in its directory "upper".
 * Runs in: init before pivot_root.
 * Source: Documentation/filesystems/overlayfs.rst of Linux, "userxattr".
 */

/*
 * Makes the kernel's overlay over @dir, the root file system (O_PATH), with the changes in @where.
 * *ret_tree is the detached mount, and the caller's.  For changes in memory a tmpfs is mounted on
 * @dir.  @path names the root file system in errors.
 */
int overlay_make(const char *where, int dir, const char *path, int *ret_tree, struct error *err);

/*
 * Makes a FUSE mount for the overlay, for files of ids that have no mapping here.  *ret_fuse and
 * *ret_tree are the caller's; a server must have *ret_fuse before anybody accesses the mount.
 */
int overlay_make_fuse(const char *path, int *ret_fuse, int *ret_tree, struct error *err);

#endif
