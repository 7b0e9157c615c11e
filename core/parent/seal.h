/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_SEAL_H
#define URUN_PARENT_SEAL_H

#include "core/base/error.h"
#include "rootless/userns.h"

/*
 * A descriptor from which the container's first process can execute us, and that nothing in the
 * container can write to: our own file where its owner has no mapping in @userns, nor in a user
 * namespace of an engine that we are in, and nobody else may write to it, else a sealed copy in memory. Runs in: parent.  The descriptor is the caller's,
 * close-on-exec. Source: CVE-2019-5736; memfd_create(2), fcntl(2) "File Sealing".
 */
int seal_self(const struct userns_plan *userns, int *ret_fd, struct error *err);

#endif
