/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CGROUP_WALK_H
#define URUN_CGROUP_WALK_H

#include <stddef.h>

#include "core/base/error.h"

/*
 * A walk over a tree of directories that belongs to somebody hostile, who may change it meanwhile.
 * A container that can write its cgroup nests as many as the kernel lets it.  So a walk holds three
 * descriptors at most whatever the depth, uses no path below @folder (the kernel takes none of more
 * than PATH_MAX bytes), and keeps its stack on the heap.  It enters neither symbolic links nor other
 * file systems, and never leaves the tree.
 *
 * @limit bounds the walk against somebody who makes directories as fast as it goes: it fails when
 * it has entered more than that.  A directory that changed under the walk is entered again, which
 * counts again.  That @folder doesn't exist, or that one vanishes, is no failure.  A directory of the
 * caller's own that its mode keeps the caller out of gets the owner's rights back.
 */

/*
 * Called for each directory when the walk enters it, before those below.  @dir is an O_PATH
 * descriptor that the walk keeps.  A directory can be met twice where the tree is changed.
 */
typedef int walk_visitor(int dir, void *context, struct error *err);

int walk_each(const char *folder, size_t limit, walk_visitor *visitor, void *context,
	      struct error *err);

/*
 * Removes the tree, which consists of directories alone as a cgroup's does (its files go with it).
 * A directory that is busy is tried again for 2 s, as a process that ends leaves its cgroup a
 * moment later.
 */
int walk_remove(const char *folder, size_t limit, struct error *err);

#endif
