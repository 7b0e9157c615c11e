/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SYNC_SOURCE_H
#define URUN_SYNC_SOURCE_H

#include <stddef.h>

#include "core/config/config.h"

/*
 * The root file system and the sources of bind mounts, opened with the rights of the caller: the
 * container's root may be another id (keep-id, nomap) and has none of the caller's supplementary
 * groups, so that it can't reach what lies in a folder of theirs.  The copies of mounts that binds
 * are made of can be taken in their own mount namespace alone, so it is the child that opens them,
 * when it is in the namespace and the caller still.
 */
struct mount_sources {
	const char *
		*paths; /* the root's, then one a mount; NULL: isn't opened.  The config's texts */
	size_t count;
	int first; /* paths[i] becomes descriptor first + i */
};
#define MOUNT_SOURCES_NONE ((struct mount_sources){ .first = 0 })

/*
 * Runs in: parent or init, with the scoped config.  @first is above all descriptors that init needs.
 * Release with mount_sources_release(); @config lives longer.
 */
void mount_sources_list(const struct container_config *config, int first,
			struct mount_sources *ret_sources);
void mount_sources_release(struct mount_sources *sources);

/*
 * What can't be opened gets a duplicate of @filler, which is no O_PATH descriptor, in its place: init
 * has its own try, and tells of that one's failure.
 * Runs in: the clone that becomes init, or init that joins by itself; with the caller's ids.
 * System calls only.
 */
void source_open_all(const struct mount_sources *sources, int filler);

/* Takes their close-on-exec mark away.  Takes NULL.  Returns 0 or a negative errno. */
int source_keep(const struct mount_sources *sources);

#endif
