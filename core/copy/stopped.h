/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_COPY_STOPPED_H
#define URUN_COPY_STOPPED_H

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/copy/report.h"

/*
 * Mounts the files of a stopped container, in a mount namespace of this process alone: the root
 * file system, the overlay over it, and the volumes.  *ret_root is the caller's descriptor of the
 * root.  Fails where @path, which is to be copied, lies in a file system that ended with the
 * container (a tmpfs, /proc …); reports changes that were in memory and are gone.
 * Runs in: an end of a copy, as root of a user namespace with the container's ids.
 */
int stopped_mount(const struct container_config *config, const char *path, struct report *report,
		  int *ret_root, struct error *err);

#endif
