/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_TMPFS_H
#define URUN_BASE_TMPFS_H

#include <stdint.h>

/*
 * Makes an empty tmpfs that is mounted nowhere, whose root has the mode 0755 and is ours, with these
 * MOUNT_ATTR_… bits.  It needs CAP_SYS_ADMIN over a mount namespace of our own user namespace.
 * Returns the caller's descriptor, or a negative errno.
 * Source: fsmount(2); Linux 5.2.
 * Runs in: any.
 */
int tmpfs_make(uint64_t attributes);

#endif
