/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTFS_MASK_H
#define URUN_ROOTFS_MASK_H

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/rootfs/mount.h"

/*
 * linux.maskedPaths and linux.readonlyPaths.
 * Source: OCI runtime-spec 1.3, config-linux.md "Masked Paths", "Readonly Paths".
 */

/*
 * Makes a detached copy of the host's /dev/null, and checks that it is the null device.  The
 * container's own /dev/null isn't used: the image could put any file there, and have it shown in
 * place of a masked one (CVE-2025-31133). *ret_null_fd is the caller's; -1 where nothing is masked.
 * Runs in: init before pivot_root.
 */
int mask_open_null(const struct container_config *config, int *ret_null_fd, struct error *err);

/*
 * Makes readonlyPaths read-only, then masks maskedPaths: a masked file shows the null device, a
 * masked directory an empty read-only tmpfs.  A path that doesn't exist or can't be reached is
 * skipped, since the container can't reach it either. Paths below /proc and /sys are looked up in
 * @views, not by their names: a container that shares the root file system may put another
 * directory there while we mask, and restore ours afterwards (CVE-2023-27561). @views and @null_fd
 * stay the caller's.
 * Runs in: init after pivot_root, before rootfs_finish().
 */
int mask_paths(const struct container_config *config, const struct mount_views *views, int null_fd,
	       struct error *err);

#endif
