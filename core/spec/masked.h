/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SPEC_MASKED_H
#define URUN_SPEC_MASKED_H

#include "core/base/arena.h"
#include "core/config/config.h"

/* The folder of the processors, in the caller's /sys and in the container's. */
#define MASKED_CPUS "/sys/devices/system/cpu"

/*
 * The masked paths of a container whose config nobody has written: what tells of the host or lets
 * one write to it.  A path that doesn't exist is passed over when it is masked.
 * One path is needed for each processor.  linux.maskedPaths knows no patterns, so the processors
 * are found in @cpus_path: MASKED_CPUS, or in tests a folder like it.  A container has the same
 * processors in its /sys, as every sysfs shows the kernel's devices.  Where @cpus_path can't be
 * read, the caller is in a container without sysfs and can't mount one.
 * The paths are @arena's.  Runs in: parent.
 * Source: the default masked paths of podman and moby.
 */
void masked_paths_default(const char *cpus_path, struct arena *arena, struct str_list *ret_paths);

#endif
