/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_UNPACK_LAYER_MERGED_H
#define URUN_UNPACK_LAYER_MERGED_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* A file in one of several layers, as an overlay of them has it. */
struct merged_file {
	size_t layer;
	int dir;		 /* the layer's directory that has the file */
	char name[NAME_MAX + 1]; /* in @dir */
	char *path;		 /* from the top: no component is a link but perhaps the last */
	struct stat st;		 /* of the file, no link followed */
};

/*
 * Finds @path as the overlay of @layers would, the uppermost first: links on the way are followed,
 * the last component isn't.  Whiteouts, opaque directories and files in the place of directories
 * hide what is below.  Where the last component is found in a layer before @from, the search goes
 * on as if that layer didn't have it.
 * Each ".." of a link begins again at the top, so a few thousand bytes of links can lead through
 * millions of directories: @left says how many may still be opened, by this call and later ones.
 * Returns 0, or a negative errno: -ENOENT where no layer has the file, -E2BIG where *left is used
 * up.
 */
int merged_find(const int *layers, size_t count, const char *path, size_t from, uint64_t *left,
		struct merged_file *ret_file);
void merged_file_release(struct merged_file *file);

#define MERGED_FILE_NONE ((struct merged_file){ .dir = -1 })

#endif
