/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_UNPACK_LAYER_MARKS_H
#define URUN_UNPACK_LAYER_MARKS_H

#include <stdbool.h>
#include <sys/stat.h>

#include "core/base/error.h"

/*
 * The marks of an overlay's layer.  fuse-overlayfs (1.9 and later) reads the kernel's with
 * "userxattr": a whiteout is a character device 0:0, which a user namespace may make (Linux 5.8).
 * An int without @err is 0 or a negative errno.
 */
bool mark_is_whiteout(const struct stat *st);

/* @dir is open for reading. */
int mark_opaque(int dir);
bool mark_is_opaque(int dir);
/*
 * The same, and removes the whiteouts in the directory, of which an overlay would list each as a
 * file.
 */
int mark_opaque_alone(int dir);

/*
 * A directory that the layer has names in and no entry of: it gets its attributes from the layers
 * below by layer_settle().  An attribute of our own, which no layer can have.
 */
int mark_implied(int dir);
/* Returns true where the mark was there. */
bool mark_implied_remove(int dir);

/*
 * Hides what the layers below have under @name in @dir: by a whiteout, or by an opaque mark where
 * this layer has a directory of that name.  What this layer has stays.  Errors name @path.
 * Returns 1 where the directory was implied, and isn't any more; else 0, or -1.
 */
int mark_hidden(int dir, const char *name, const char *path, struct error *err);

/*
 * Is the attribute @name an order to an overlay or to us, and so not a layer's to give?
 * fuse-overlayfs has names of its own beside "*.overlay.*".
 */
bool mark_is_reserved(const char *name);

#endif
