/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTFS_OWN_FILE_H
#define URUN_ROOTFS_OWN_FILE_H

#include <stdbool.h>

#include "core/config/mount_plan.h"

/*
 * Files of urun's (core/container/etc_file.h says which) that are written into the container's own
 * files, instead of being mounted over them: programs in the container can't replace a file that is
 * a mount point. Only files of the root file system's own mount are written, since a mount of the
 * config may be the user's.
 * Runs in: init before pivot_root, with all capabilities in the user namespace.
 */

/*
 * Writes the file of @step below @rootfs.  With the trait "file" the file gets the bytes of the
 * source; with the trait "lines" the file, one of users or groups, gets those lines of the plan
 * that it lacks.  A file of an overlay that has all lines of the source already, from an earlier
 * run, stays as it is. *@ret_fd (the caller's to close; NULL: not wanted) is set for the trait
 * "file", if the file has exactly the bytes of the source: open for reading and writing, so that
 * urun can update the file later.  The descriptor doesn't prevent the mount of the root from
 * becoming read-only.
 * Returns false where the step has neither trait, or where the file can't be written: then the
 * caller mounts the source.
 */
bool own_file_write(const struct mount_step *step, int rootfs, int *ret_fd);

#endif
