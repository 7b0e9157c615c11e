/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTFS_MOUNT_IDMAP_H
#define URUN_ROOTFS_MOUNT_IDMAP_H

#include "core/base/error.h"

/*
 * A user namespace that has these maps (as /proc/PID/uid_map takes them, written from our own
 * namespace), for MOUNT_ATTR_IDMAP.  Without maps (NULL): our own.  A child process lives as long
 * as this call.
 * Returns its descriptor, which is the caller's.
 * Runs in: init before pivot_root.
 * Source: mount_setattr(2) "ID-mapped mounts".
 */
int mount_idmap_userns(const char *uid_map, const char *gid_map, struct error *err);

#endif
