/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_UNPACK_LAYER_NAME_H
#define URUN_UNPACK_LAYER_NAME_H

#include <limits.h>
#include <stddef.h>

#include "core/base/error.h"

enum layer_name_kind {
	LAYER_NAME_FILE,     /* an entry of its own */
	LAYER_NAME_WHITEOUT, /* hides a name of the layers below: @base is that name */
	LAYER_NAME_OPAQUE,   /* hides all names that the layers below have in the directory */
	LAYER_NAME_AUFS,     /* a file of the file system aufs, which it made for itself */
};

/* The name of an entry, clean: relative, without "." and "..". */
struct layer_name {
	char path[PATH_MAX]; /* "": the layer's top directory */
	size_t parent;	     /* length of the directory's part of @path, without the '/' */
	const char *base;    /* the last component, in @path */
	enum layer_name_kind kind;
};

/*
 * Reads the name of an entry, or of the target of a hard link.  "/" before it is dropped, as all
 * tools do; "a/../b" is "b".  Fails where the name leaves the layer, is longer than a path can be,
 * hides the layer's top directory, or has a whiteout for a directory.
 * Source: image-spec 1.1, layer.md, "Whiteouts".
 */
int layer_name_read(const char *text, struct layer_name *ret_name, struct error *err);

#endif
