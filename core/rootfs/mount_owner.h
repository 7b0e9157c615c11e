/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTFS_MOUNT_OWNER_H
#define URUN_ROOTFS_MOUNT_OWNER_H

#include <sys/types.h>

#include "core/base/error.h"

/*
 * The option U of podman: gives the file or directory @tree, and everything in it, to @uid and
 * @gid, ids of the container.  A symbolic link itself changes its owner; mounts below the directory
 * aren't entered.  A file that has the owner already isn't touched. @tree: a descriptor, O_PATH is
 * enough; it stays the caller's.
 * Runs in: init before pivot_root, with CAP_CHOWN in the user namespace.
 * Fails with the name of the file, and with a hint where its owner has no mapping.
 * Source: podman-run(1), "Chowning Volume Mounts".
 */
int mount_change_owner(int tree, uid_t uid, gid_t gid, struct error *err);

#endif
