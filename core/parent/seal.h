/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_SEAL_H
#define URUN_PARENT_SEAL_H

#include <stdbool.h>

#include "core/base/error.h"
#include "rootless/userns.h"

/*
 * Opens the file that the container's first process executes as `urun init`, so that nothing in the
 * container can write to urun's own file; seal.c explains how.  *ret_fd is the caller's to close,
 * and close-on-exec.  @host_root: the caller is root of the host, and executes *ret_fd and closes all
 * copies of it before the container's processes can see the process.
 * Runs in: parent.
 */
int seal_self(const struct userns_plan *userns, bool host_root, int *ret_fd, struct error *err);

#endif
