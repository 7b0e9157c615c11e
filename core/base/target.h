/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_TARGET_H
#define URUN_BASE_TARGET_H

#include "core/base/error.h"

/*
 * Reports why a directory or a file of the root file system, which a mount or a device needs,
 * couldn't be opened or made (path_mkdirs_in_root(), path_mkfile_in_root()).  Returns -1 with an
 * error that begins with @what and names the part of @path that is the cause: a part that doesn't
 * exist and can't be made, that is no directory, or that can't be entered.  @errnum is the errno of
 * the failure.
 * Runs in: init before pivot_root, and the parent that checks.
 */
int target_error(int rootfs, const char *path, int errnum, const char *what, struct error *err);

#endif
