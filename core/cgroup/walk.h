/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CGROUP_WALK_H
#define URUN_CGROUP_WALK_H

#include <stddef.h>

#include "core/base/error.h"

/*
 * A walk over a tree of directories whose owner is hostile and may change the tree at the same
 * time. A container that can write to its cgroup can nest as many cgroups as the kernel allows.
 * Therefore a walk holds at most three descriptors, however deep the tree is; uses no path below
 * @directory, as the kernel refuses paths of PATH_MAX bytes; and keeps its stack on the heap.  The
 * walk enters no symbolic link and no other file system, and never leaves the tree.
 *
 * On the way down, each directory is opened by its name in the one above.  On the way up, ".." is
 * opened and compared (device and inode) with the directory from which the walk came.  Where they
 * differ, somebody has moved a directory out of the tree; the walk then begins again at the top.
 *
 * @limit bounds the walk against a process that makes directories as fast as the walk enters them:
 * the walk fails when it has entered more directories than @limit.  A directory that is entered
 * again counts again.  It is no failure that @directory doesn't exist, or that a directory below
 * vanishes. Where the mode of a directory denies access to its owner, and the caller is the owner,
 * the walk sets the mode's owner bits first.
 */

/*
 * Called for each directory when the walk enters it, before the directories below.  @dir is an
 * O_PATH descriptor, which the walk closes.  A directory may be visited twice where the tree
 * changes.
 */
typedef int walk_visitor(int dir, void *context, struct error *err);

/* Visits @directory and all directories below.  Stops where @visitor fails. */
int walk_each(const char *directory, size_t limit, walk_visitor *visitor, void *context,
	      struct error *err);

/*
 * Removes @directory and all directories below.  The tree has no files that must be removed first,
 * as is the case for cgroups.  A busy directory is tried again for up to 2 s: a process that has
 * ended leaves its cgroup a moment later.
 */
int walk_remove(const char *directory, size_t limit, struct error *err);

#endif
