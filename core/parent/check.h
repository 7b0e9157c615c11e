/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_CHECK_H
#define URUN_PARENT_CHECK_H

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/config/mount_plan.h"
#include "rootless/userns.h"

/*
 * Checks of the files that a config names.  The caller can't see every file that the container's
 * first process will see (directories of other ids, files on a mount that isn't made yet): what
 * can't be told here isn't an error.  The config's paths must be absolute.  All run in: parent.
 */

/*
 * Fails if the root file system, or the source of a bind, can't be opened for sure.  A part of each
 * plan, so that `run` refuses such a bundle before anything is made.
 */
int check_files(const struct container_config *config, const struct mount_plan *mounts,
		struct error *err);

/*
 * The mount points in the root file system: fails if init couldn't make one, because the directory
 * above is read-only or belongs to ids without a mapping.  A try under an overlay (try.h) can't
 * find this, as the overlay is writable.
 */
int check_places(const struct container_config *config, const struct mount_plan *mounts,
		 const struct userns_plan *userns, struct error *err);

/*
 * The programs of the hooks: startContainer hooks in the container's root, all others in the host's
 * file system.  A poststop hook that is not found is a warning, as in a run.
 */
int check_hook_programs(const struct config_hooks *hooks, const struct container_config *config,
			const struct mount_plan *mounts, struct error *err);

/*
 * The user and the groups that the annotations org.urun.user and org.urun.groups name: fails if neither the
 * root file system nor the directory of an overlay has them.
 */
int check_user(const struct container_config *config, const struct mount_plan *mounts,
	       struct error *err);

/* The container's program, as far as the root file system shows it. */
int check_program(const struct container_config *config, const struct mount_plan *mounts,
		  struct error *err);

/*
 * Is the root file system on a noexec mount, so that none of its programs can run?  A try under an
 * overlay can't find this, as the overlay has a mount of its own.
 */
int check_noexec(const struct container_config *config, const struct mount_plan *mounts,
		 struct error *err);

#endif
