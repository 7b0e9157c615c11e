/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_CHECK_H
#define URUN_PARENT_CHECK_H

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/config/mount_plan.h"
#include "rootless/userns.h"

/*
 * The files that a config speaks of.  What this process can't tell (directories of other ids, what a
 * mount covers) is no problem.  The config's paths are absolute.
 * All run in: parent.
 */

/* What a creation can't do without: the root file system and the sources of binds. */
int check_files(const struct container_config *config, const struct mount_plan *mounts,
		struct error *err);

/*
 * The places in the root file system that mounts need and that init would be refused: what a try under an
 * overlay doesn't meet.
 */
int check_places(const struct container_config *config, const struct mount_plan *mounts,
		 const struct userns_plan *userns, struct error *err);

/* The hooks that a container meets on its way: those in the host's tree, and in its root. */
int check_hooks(const struct config_hooks *hooks, const struct container_config *config,
		const struct mount_plan *mounts, struct error *err);

/* The program, as far as a look at the root file system tells. */
int check_program(const struct container_config *config, const struct mount_plan *mounts,
		  struct error *err);

#endif
