/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_CHECK_H
#define URUN_PARENT_CHECK_H

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/config/mount_plan.h"

/*
 * The files that a config speaks of.  What this process can't tell (directories of other ids, what a
 * mount covers) is no problem.  The config's paths are absolute.
 * Both run in: parent.
 */

/* What a creation can't do without: the root file system and the sources of binds. */
int check_files(const struct container_config *config, const struct mount_plan *mounts,
		struct error *err);

/* What a creation meets later: the hooks that run outside, and the program. */
int check_start(const struct container_config *config, const struct mount_plan *mounts,
		struct error *err);

#endif
