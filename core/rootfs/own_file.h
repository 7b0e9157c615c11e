/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTFS_OWN_FILE_H
#define URUN_ROOTFS_OWN_FILE_H

#include <stdbool.h>

#include "core/config/mount_plan.h"

/*
 * Files that are written into the container's own, in place of a mount over them, which programs in
 * the container couldn't replace (core/container/etc_file.h says which).
 * Nothing is written but to files of the root file system's own mount: what the config mounts in it
 * may be the user's.
 * Runs in: init before pivot_root, with all capabilities in the user namespace.
 */

/*
 * Writes what the step asks for below @rootfs: the option x-urun-file puts the source's bytes in the
 * place of what is there, x-urun-lines adds the plan's lines that a file of users or groups lacks.  An
 * overlay's file that has all lines of the source already, from an earlier run, stays as it is.
 * *@ret_fd (the caller's to close; NULL: not wanted) is the file of x-urun-file, open for reading and
 * writing, if it has the source's bytes and no others, so that the runtime may go on to write it; it
 * doesn't hinder the root's mount from becoming read-only.
 * Returns false where the step asks for neither, or where it can't be done: then the source is to be
 * mounted.
 */
bool own_file_write(const struct mount_step *step, int rootfs, int *ret_fd);

#endif
