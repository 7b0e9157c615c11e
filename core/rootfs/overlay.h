/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTFS_OVERLAY_H
#define URUN_ROOTFS_OVERLAY_H

#include "core/base/error.h"

/*
 * A root file system over which changes are kept apart: annotation org.urun.overlay, whose value is
 * "tmpfs" (what is changed is in memory, and gone with the container) or the absolute path of a
 * folder, in which "upper" has what is changed.
 * Runs in: init before pivot_root.
 * Source: Documentation/filesystems/overlayfs.rst of Linux, "userxattr".
 */
/*
 * The overlay of @folder, the root file system (O_PATH), detached: *ret_tree is the caller's.  A
 * tmpfs for it is put on @folder, which it covers.  @path names it in errors.
 */
int overlay_make(const char *where, int folder, const char *path, int *ret_tree, struct error *err);

/*
 * The same for a folder whose files belong to ids that we don't have: to be served by who gets
 * *ret_fuse (the caller's), before anything in it is asked for.
 */
int overlay_make_fuse(const char *path, int *ret_fuse, int *ret_tree, struct error *err);

#endif
