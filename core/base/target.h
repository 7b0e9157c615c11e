/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_TARGET_H
#define URUN_BASE_TARGET_H

#include "core/base/error.h"

/*
 * A directory or a file of the root file system that a mount or a device needs, and that couldn't be
 * opened or made (path_mkdirs_in_root(), path_mkfile_in_root()).  Returns -1 with an error that begins with
 * @what and names the part of @path that is the cause: one that is missing and can't be made, one that is
 * no directory, one that can't be entered.  @errnum is what failed.
 * Runs in: init before pivot_root, and the parent that checks.
 */
int target_error(int rootfs, const char *path, int errnum, const char *what, struct error *err);

#endif
