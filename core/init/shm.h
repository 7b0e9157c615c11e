/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_INIT_SHM_H
#define URUN_INIT_SHM_H

#include "core/base/error.h"

/*
 * POSIX shared memory (shm_open(3)) is files in /dev/shm, and an ipc namespace has nothing of it.  So a
 * container that joins another's ipc namespace gets the other's mount on /dev/shm.  Message queues need
 * no such step: each mount of mqueue shows the ipc namespace.
 */

/*
 * Makes a detached copy of the mount on /dev/shm in @mount_namespace, which is the other container's and
 * belongs to our user namespace.  Fails where no tmpfs is mounted there.  *ret_tree is the caller's.
 * Runs in: init before pivot_root, and not in a joined pid namespace yet; works in a child.
 */
int shm_of_namespace(int mount_namespace, int *ret_tree, struct error *err);

#endif
