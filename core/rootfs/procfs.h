/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTFS_PROCFS_H
#define URUN_ROOTFS_PROCFS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Opens files of procfs through which we change settings of the kernel: security labels, sysctls,
 * the OOM score.  In a container, the container's root decides what is mounted on /proc.  Another
 * file of procfs in the place of the right one accepts the text and does nothing (/proc/PID/sched),
 * or does something else (/proc/sysrq-trigger), so it isn't enough that a file is on some procfs
 * (CVE-2019-16884, CVE-2025-52881). Therefore the root of a procfs is opened first, and the rest of
 * the path crosses no mount and no link. Descriptors are the caller's; a failure is a negative
 * errno.
 */

/* Is @fd on a procfs; is it the root of one? */
bool procfs_has(int fd);
bool procfs_is_root(int fd);

/*
 * Opens the root of the procfs at @path below the directory @dir (AT_FDCWD: an absolute path).
 * ENODEV: no procfs.
 */
int procfs_open_root(int dir, const char *path);

/*
 * Opens @path ("self/oom_score_adj") below @proc, the root of a procfs.  EXDEV: something is
 * mounted over it.
 */
int procfs_open(int proc, const char *path, uint64_t flags);

/* Opens @path as procfs_open() does, of the procfs on /proc. */
int procfs_open_file(const char *path, uint64_t flags);

#endif
