/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_UNPACK_LAYER_TREE_H
#define URUN_UNPACK_LAYER_TREE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "core/base/error.h"
#include "core/unpack/layer_notes.h"

/*
 * Where we are in the directory of a layer: the directories on the path of the present entry stay
 * open, since entries of one directory follow each other.  A directory gets its times back when we
 * leave it, because each entry that is made in it changes them.
 * No name leads out of the layer's directory: a component is opened without following links, and a
 * link on the way is resolved by openat2(2) with RESOLVE_IN_ROOT.
 */
struct tree_level {
	int fd;	       /* open for reading; -1: closed, as deeper levels took its place */
	size_t length; /* of its path in layer_tree.path */
	bool plain;    /* what is made in it belongs to root:root, and gets no other mode */
	bool changed;  /* it gets @times when we leave it */
	struct timespec times[2]; /* atime, mtime */
};

struct layer_tree {
	int root; /* the caller's; open for reading */
	struct notes_writer *notes;
	uint64_t implied; /* directories that are made and not listed until now */
	struct tree_level *levels;
	size_t count; /* of levels; the first is the root itself */
	size_t room;
	size_t open_from; /* the first level but the root that is open */
	char path[PATH_MAX];
};

/* Nothing but the two descriptors is opened or changed until tree_enter(). */
void tree_init(struct layer_tree *tree, int root, struct notes_writer *notes);
/* Leaves all directories. */
void tree_release(struct layer_tree *tree);

/*
 * Goes to the directory that is the first @length bytes of @path (clean, relative, shorter than
 * PATH_MAX; 0: the root), and makes what isn't there: as implied, or as opaque in the place of a
 * whiteout.  Returns its descriptor, which is open for reading and stays the tree's, or -1.
 */
int tree_enter(struct layer_tree *tree, const char *path, size_t length, struct error *err);

/* The directory that tree_enter() went to. */
static inline struct tree_level *tree_top(struct layer_tree *tree)
{
	return &tree->levels[tree->count - 1];
}

/* Goes to the new directory @fd, which becomes the tree's, of the name @path in the present one. */
void tree_enter_new(struct layer_tree *tree, const char *path, int fd);

/*
 * Removes @name in the present directory with everything in it.  The tree leaves and enters again,
 * since an open directory may be among what goes.  Returns the descriptor as tree_enter() does.
 */
int tree_clear(struct layer_tree *tree, const char *name, struct error *err);

#endif
