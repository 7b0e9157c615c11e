/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTFS_MOUNT_OWNER_H
#define URUN_ROOTFS_MOUNT_OWNER_H

#include <sys/types.h>

#include "core/base/error.h"

/*
 * The option U of podman: gives the file or folder @tree, and all in it, to @uid and @gid, ids of the
 * container.  Symbolic links are changed themselves; what is mounted below the folder isn't entered.
 * A file that has the owner already isn't touched.
 * @tree: a descriptor, O_PATH is enough; stays the caller's.
 * Runs in: init before pivot_root, with CAP_CHOWN in the user namespace.
 * Fails with the file's name, with a hint where its owner isn't mapped.
 * Source: podman-run(1), "Chowning Volume Mounts".
 */
int mount_change_owner(int tree, uid_t uid, gid_t gid, struct error *err);

#endif
