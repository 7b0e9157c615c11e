/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTFS_MOUNT_IDMAP_H
#define URUN_ROOTFS_MOUNT_IDMAP_H

#include "core/base/error.h"

/*
 * Makes a user namespace with these maps, for MOUNT_ATTR_IDMAP.  The maps have the form of
 * /proc/PID/uid_map, and are written from our own user namespace.  NULL: our own user namespace is
 * used.  A child process lives during this call.
 * Returns a descriptor of the user namespace, which the caller closes; or -1.
 * Runs in: init before pivot_root.
 * Source: mount_setattr(2) "ID-mapped mounts".
 */
int mount_idmap_userns(const char *uid_map, const char *gid_map, struct error *err);

#endif
