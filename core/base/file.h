/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_FILE_H
#define URUN_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Files that we make by name, possibly in a directory that other users can write to (/tmp).  What is
 * written always goes to a regular file that this call has made: whatever another user has put under
 * the name (a symbolic link, a FIFO, a file of theirs) is neither followed nor opened.  @dir is a
 * directory's descriptor (O_PATH is enough), @name one component below it, @mode is subject to the
 * umask.  All return 0 or a negative errno, and leave nothing behind where they fail.
 * Source: open(2) "O_EXCL", rename(2).
 */

/* Makes a new file of these bytes.  -EEXIST where there is anything of that name, be it a link. */
int file_create(int dir, const char *name, mode_t mode, const void *bytes, size_t size);

/*
 * Puts a file of these bytes in the place of what is there: a reader finds the old one or the whole
 * new one.  A symbolic link is replaced itself.
 */
int file_replace(int dir, const char *name, mode_t mode, const void *bytes, size_t size);

/* Is it the name of a file that a killed file_replace() has left? */
bool file_is_leftover(const char *name);

/*
 * Marks a file as one that the runtime has written, by the microseconds of its mtime; a program that
 * writes to it takes the mark away, as the kernel sets the mtime.  What the file system doesn't keep
 * (some have whole seconds alone) or doesn't let us set isn't there later: the file is a program's then.
 */
void file_mark(int fd);
bool file_is_marked(int fd);

#endif
