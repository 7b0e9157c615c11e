/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTFS_PROCFS_H
#define URUN_ROOTFS_PROCFS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Files of procfs by which we steer the kernel: security labels, sysctls, the OOM score.
 * In a container /proc is what its root made of it.  A file of procfs in the wrong place takes what is
 * written and does nothing (/proc/PID/sched), or does something else (/proc/sysrq-trigger): it is not
 * enough that a file is on some procfs (CVE-2019-16884, CVE-2025-52881).  So the root of a procfs is found
 * first, and from there no mount and no link leads away.
 * Descriptors are the caller's; failure is a negative errno.
 */

/* Is @fd on a procfs; is it the root of one? */
bool procfs_has(int fd);
bool procfs_is_root(int fd);

/* The root of the procfs at @path below the directory @dir (AT_FDCWD: an absolute path).  ENODEV: none is there. */
int procfs_open_root(int dir, const char *path);

/* @path ("self/oom_score_adj") of the procfs whose root @proc is.  EXDEV: something is mounted over it. */
int procfs_open(int proc, const char *path, uint64_t flags);

/* Opens @path as procfs_open() does, of the procfs on /proc. */
int procfs_open_file(const char *path, uint64_t flags);

#endif
