/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTFS_VIEW_H
#define URUN_ROOTFS_VIEW_H

#include "core/base/error.h"

/*
 * The host's own system as a root file system that can't be changed, where no overlay can be had (no /dev/fuse, no
 * fuse-overlayfs).
 * Runs in: init before pivot_root.
 */

/*
 * Shows in @root, an empty tmpfs that is attached, what is in the host's root directory @dir (O_PATH), by read-only
 * binds.  @hidden has a path on each line (the annotation org.urun.hidden): these, and /dev, /proc and /sys, are empty
 * directories.
 */
int view_fill(const char *hidden, int dir, int root, struct error *err);

#endif
