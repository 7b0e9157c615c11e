/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_MOUNT_POINTS_H
#define URUN_PARENT_MOUNT_POINTS_H

#include "core/base/str.h"
#include "core/config/config.h"
#include "core/config/mount_plan.h"

/*
 * The mount points that init makes in a root file system which has no such directories or files.
 * They stay for the next container, as with every runtime.  But where no program has run, nothing of
 * ours stays in a directory of the user's, which may be the wrong one: a bundle, an image, a home.
 * Runs in: parent.
 */
struct mount_points {
	struct str_list made; /* clean paths in the root, each before what is below it; allocated */
};

/*
 * Lists the mount points of @mounts, and the working directory, that don't exist in the config's
 * root by now.  Lists none under an overlay, which takes all changes.
 */
void mount_points_note(const struct container_config *config, const struct mount_plan *mounts,
		       struct mount_points *ret_points);

/*
 * Removes the listed entries from the config's root as far as they are empty.  Removes nothing where
 * another container of the state root @root has the same root file system and lives: the kernel
 * would unmount what that container has mounted there.  @id is our own container.
 * ORDER: after the end of the container's processes, for the same reason.
 * Source: mount_namespaces(7), "Restrictions on mount namespaces": rename(2) and rmdir(2) of a
 * directory that is a mount point in another mount namespace.
 */
void mount_points_remove(const struct mount_points *points, const struct container_config *config,
			 const char *root, const char *id);

void mount_points_release(struct mount_points *points);

#endif
