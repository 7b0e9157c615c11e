/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_SEAL_H
#define URUN_PARENT_SEAL_H

#include "core/base/error.h"
#include "rootless/userns.h"

/*
 * Opens the file that the container's first process executes as `urun init`, so that nothing in the
 * container can write to urun's own file; seal.c explains how.  *ret_fd is the caller's to close,
 * and close-on-exec.
 * Runs in: parent.
 */
int seal_self(const struct userns_plan *userns, int *ret_fd, struct error *err);

#endif
