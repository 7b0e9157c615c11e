/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_PATH_H
#define URUN_BASE_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Paths inside a root that isn't trusted: walked once, by descriptor, with openat2(2) and
 * RESOLVE_IN_ROOT, so that no symbolic link and no ".." leaves the root; magic links (/proc/PID/fd)
 * are refused.  All return a descriptor (close-on-exec, the caller's) or a negative errno.
 */
int path_open_in_root(int root, const char *path, uint64_t flags, mode_t mode);

/*
 * The same below @dir, and on the mount of @dir alone: a path that leaves @dir fails with EXDEV,
 * and so does a path over which something else is mounted.  For files that only count when they are
 * the kernel's own.
 * Source: openat2(2), RESOLVE_BENEATH and RESOLVE_NO_XDEV.
 */
int path_open_on_mount(int dir, const char *path, uint64_t flags);

/*
 * Opens the directory @path as O_PATH.  Makes it with @mode where it doesn't exist, and the
 * directories above it with 0755, behind symbolic links too, whatever the umask.
 */
int path_mkdirs_in_root(int root, const char *path, mode_t mode);

/*
 * The usual case of a directory that is missing: only the last component is, and the others are directories and
 * no links.  Makes it and returns it; it is new, so no link has led to it.  Returns a negative errno in any other
 * case, and where another process was quicker.
 */
int path_mkdir_new(int root, const char *path, mode_t mode);

/*
 * The same; calls @made for each directory that it makes, with the directory's path from @root: clean,
 * without links, and without the first '/'.
 */
int path_mkdirs_telling(int root, const char *path, mode_t mode,
			void (*made)(void *of, const char *path), void *of);

/*
 * Opens the file @path (anything but a directory) as O_PATH.  Makes it (empty, 0644) and the
 * directories above it where they don't exist.
 */
int path_mkfile_in_root(int root, const char *path);

/*
 * Reads the regular file @path to its end as fd_read_all() does; the caller frees *ret_bytes.
 * Anything else (a FIFO, a terminal) is EINVAL: it neither blocks us nor becomes our terminal.
 * Returns 0 or a negative errno.
 */
int path_read_in_root(int root, const char *path, size_t limit, char **ret_bytes, size_t *ret_size);

/* Is @path, which may be NULL, the absolute path of a directory that belongs to us? */
bool path_is_own_directory(const char *path);

/*
 * Cleans the text alone: folds "//", "/./" and "/x/../"; ".." above the root is dropped.  @path is
 * absolute or relative; the result starts with '/'.  The caller frees it.
 */
char *path_clean(const char *path);

/* Returns @path where it is absolute, else @base/@path.  The caller frees the result. */
char *path_join(const char *base, const char *path);

/*
 * Cuts the first component off @path, which becomes what follows.  *ret_last tells whether that was
 * the last one.  The caller frees the result; NULL: there is no component.
 */
char *path_cut(char *path, bool *ret_last);

/* Is @path @directory or below it?  Both are clean (path_clean()), and @directory isn't "/". */
bool path_is_in(const char *path, const char *directory);

/*
 * Is there a file @name, which has no '/', in one of the directories of @list ("/bin:/usr/bin", as in
 * PATH; NULL: none)?  The caller's permissions count only for the way to the file.
 */
bool path_list_has(const char *list, const char *name);

#endif
