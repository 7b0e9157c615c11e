/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SPEC_MASKED_H
#define URUN_SPEC_MASKED_H

#include "core/base/arena.h"
#include "core/config/config.h"

/* The directory with one entry for each processor, in the caller's /sys and in the container's. */
#define MASKED_CPUS "/sys/devices/system/cpu"

/*
 * The default of linux.maskedPaths, for a container without a config of its own: files of /proc and
 * /sys that show details of the host, or change the host.  Masking ignores a path that doesn't
 * exist.
 *
 * Some files exist once for each processor.  linux.maskedPaths has no patterns, so each processor
 * needs a path of its own.  The processors are read from @cpus_path: MASKED_CPUS, or in tests a
 * directory of the same form.  The container's /sys has the same processors, since every sysfs
 * shows the kernel's devices.  If @cpus_path can't be read, urun runs in a container without sysfs,
 * where its containers can't mount one either.  The paths belong to @arena.
 * Runs in: parent.
 * Source: the default masked paths of podman and moby.
 */
void masked_paths_default(const char *cpus_path, struct arena *arena, struct str_list *ret_paths);

#endif
