/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_FILE_H
#define URUN_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Files that we make by name, possibly in a directory that other users can write to (/tmp).  The
 * bytes always go to a regular file that this call has made: whatever another user has put under
 * the name (a symbolic link, a FIFO, a file of theirs) is neither followed nor opened.  @dir is a
 * descriptor of a directory (O_PATH is enough), @name is one component below @dir, @mode is subject
 * to the umask.  All return 0 or a negative errno, and leave nothing behind where they fail.
 * Source: open(2) "O_EXCL", rename(2).
 */

/* Makes a new file of these bytes.  -EEXIST where the name exists, even as a link. */
int file_create(int dir, const char *name, mode_t mode, const void *bytes, size_t size);

/*
 * Puts a file of these bytes in the place of the file of that name: a reader finds the old file or
 * the whole new one.  A symbolic link itself is replaced.
 */
int file_replace(int dir, const char *name, mode_t mode, const void *bytes, size_t size);

/*
 * The same, and after a loss of power too: when the call returns 0, the new file is on the disk.
 * Takes as long as the disk needs.  Source: fsync(2).
 */
int file_replace_durably(int dir, const char *name, mode_t mode, const void *bytes, size_t size);

/* Waits until the names in the directory @dir (O_PATH is enough) are on the disk. */
int file_sync_directory(int dir);

/* Is it the name of a file that a killed file_replace() has left? */
bool file_is_leftover(const char *name);

/*
 * Marks a file as written by the runtime, by the microseconds of its mtime.  A program that writes
 * to the file removes the mark, since the kernel sets the mtime then.  Where the file system keeps
 * whole seconds alone, or refuses to set the mtime, the mark is missing later, and the file counts
 * as a program's.
 */
void file_mark(int fd);
bool file_is_marked(int fd);

#endif
