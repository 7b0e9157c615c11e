/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SYNC_SOURCE_H
#define URUN_SYNC_SOURCE_H

#include <stddef.h>

#include "core/config/config.h"

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
	const char *
		*paths; /* of the root, then of each mount; NULL: not opened.  @config's texts */
	size_t count;
	int first; /* paths[i] becomes descriptor first + i */
};
#define MOUNT_SOURCES_NONE ((struct mount_sources){ .first = 0 })

/*
 * Lists the sources of the scoped config.  @first is above all other descriptors that init needs.
 * Release with mount_sources_release(); @config lives longer.
 * Runs in: parent or init.
 */
void mount_sources_list(const struct container_config *config, int first,
			struct mount_sources *ret_sources);
void mount_sources_release(struct mount_sources *sources);

/*
 * Opens the sources.  Where a source can't be opened, its number becomes a duplicate of @filler,
 * which isn't an O_PATH descriptor: init then tries to open the source itself, and reports the
 * error. Makes system calls only.
 * Runs in: the clone that becomes init, or init that joins by itself; with the caller's ids.
 */
void source_open_all(const struct mount_sources *sources, int filler);

/*
 * Clears the close-on-exec flag of the sources' descriptors.  @sources may be NULL.  Returns 0 or a
 * negative errno.
 */
int source_keep(const struct mount_sources *sources);

#endif
