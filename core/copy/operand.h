/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_COPY_OPERAND_H
#define URUN_COPY_OPERAND_H

#include <stdbool.h>
#include <sys/stat.h>

#include "core/base/error.h"

/*
 * What a path of `cp` means: the file that is copied, or the place that a copy gets.
 * Runs in: an end of a copy (core/copy/copy.c).
 */

/* A file system as one end of a copy sees it. */
struct view {
	/*
	 * The container's root: no path and no link leads out of it, absolute links begin at it.
	 * -1: the host's, in which the caller's own paths are opened as by any program.
	 */
	int root;
	const char *id; /* of the container, for messages; NULL: the host's */
};

/* A file, or a name that is free.  Release with operand_release(). */
struct operand {
	int dir;    /* of the directory that @name is in, or is: "." */
	char *name; /* one component */
	char *text; /* the path as it was given, with "ID:" before a container's; for messages */
	bool exists;
	struct stat st;
	bool wants_directory; /* "a/", "a/.", "..": the path can only be a directory's */
};

#define OPERAND_NONE ((struct operand){ .dir = -1 })
void operand_release(struct operand *place);
#define autooperand __attribute__((cleanup(operand_release)))

enum operand_links { OPERAND_KEEP_LINK, OPERAND_FOLLOW_LINK };

/*
 * Finds @path.  With OPERAND_FOLLOW_LINK, and where @path wants a directory, a link at its end is
 * followed, also to a name that is free.  The directory that the name is in must exist.
 */
int operand_find(const struct view *view, const char *path, enum operand_links links,
		 struct operand *ret_place, struct error *err);

/* Does the path mean the files in a directory, and not the directory: "a/.", ".", "/"? */
bool operand_is_contents(const char *path);

/*
 * The name that a copy of @path has where it gets no other: its last component.  "." where it means
 * the files in a directory.  @directory is what a relative path of the host is relative to.  The
 * caller frees it.
 */
char *operand_base_name(const char *path, const char *directory);

#endif
