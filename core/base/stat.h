/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_STAT_H
#define URUN_BASE_STAT_H

#include <stdbool.h>
#include <sys/stat.h>

/*
 * Are both the same file, directory or namespace?  The device and the inode number together
 * identify a file while it exists.  The functions with descriptors and paths follow symbolic links,
 * and answer false where one of the two can't be examined.
 * Source: inode(7); namespaces(7), "The /proc/pid/ns/ directory".
 */
static inline bool stat_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

bool stat_same_fds(int a, int b);
bool stat_same_paths(const char *a, const char *b);

/* Is the open file @fd the file at @path? */
bool stat_same_as_path(int fd, const char *path);

#endif
