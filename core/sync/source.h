/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SYNC_SOURCE_H
#define URUN_SYNC_SOURCE_H

#include <stddef.h>

#include "core/config/mount_plan.h"

/*
 * The root file system and the sources of bind mounts, opened with the rights of the caller.  The
 * container's root may be another id (keep-id, nomap) and has none of the caller's supplementary
 * groups, so it can't reach a source inside a directory that only such a group may enter.
 *
 * A bind mount is made from a copy of a mount, and the kernel copies a mount only in its own mount
 * namespace.  So the child opens the sources, at the moment in which it is in the container's mount
 * namespace and still has the caller's ids.
 */
struct mount_sources {
	/* the root's path, then those of the steps of the plan that are opened, whose texts they are */
	const char **paths;
	size_t count;
	int first; /* paths[i] becomes descriptor first + i */
};
#define MOUNT_SOURCES_NONE ((struct mount_sources){ .first = 0 })

/*
 * Lists the sources of the plan's binds, and @root, the path of the root file system.  @first is
 * above all other descriptors that init needs.  Release with mount_sources_release(); @root and
 * @plan live longer.
 * Runs in: parent or init.
 */
void mount_sources_list(const char *root, const struct mount_plan *plan, int first,
			struct mount_sources *ret_sources);
void mount_sources_release(struct mount_sources *sources);

/*
 * Tells the steps of the plan their descriptors, of which the root's is @first; 0: there are none.  Returns how
 * many there are.
 * Runs in: init.
 */
size_t mount_sources_assign(struct mount_plan *plan, int first);

/*
 * Opens the sources with O_PATH and, if @cloexec is O_CLOEXEC, with that flag.  A source that can't be opened gets a duplicate of @filler, which
 * isn't an O_PATH descriptor.  Init itself opens each source by its path first, and uses the
 * descriptor only where that fails with EACCES (mount_clone_source() in core/rootfs/tree.h).
 * Makes system calls only.
 * Runs in: the clone that becomes init, or init that joins by itself; with the caller's ids.
 */
void source_open_all(const struct mount_sources *sources, int filler, int cloexec);

/*
 * Sets the close-on-exec flag of all descriptors from @from on but the sources.  @sources may be NULL.  Returns
 * 0 or a negative errno.
 */
int source_cloexec_others(const struct mount_sources *sources, unsigned int from);

#endif
