/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_PLACE_H
#define URUN_BASE_PLACE_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/error.h"

/*
 * Places on the host that the caller names for us to write to (--root, --log, --pid-file).  The
 * path is walked once, by descriptor, and a symbolic link on it is followed only where no other
 * user can have made the link: it belongs to us or to root.  The kernel has such a rule (sysctl
 * fs.protected_symlinks, proc_sys_fs(5)), but only for sticky directories, and not on every host.
 * Messages name the place as @what ("log", "pid file") and its path.
 * Paths inside a container's root file system: core/base/path.h.
 */

/*
 * Is @uid an id that our user namespace doesn't map?  All such ids are shown as one, the overflow
 * id: in the user namespace of a rootless engine, the host's root and every other user of the host.
 * Source: user_namespaces(7) "Unmapped user and group IDs".
 */
bool place_owner_is_unmapped(uid_t uid);

/*
 * The directory of a path (O_PATH), and the last component, which may not exist, and may be a link.
 */
struct place {
	int dir;
	char *name;
};

#define PLACE_NONE ((struct place){ .dir = -1 })
void place_release(struct place *place);
#define autoplace __attribute__((cleanup(place_release)))

/* Walks to the directory of @path, for file_create() and file_replace(). */
int place_find(const char *what, const char *path, struct place *ret_place, struct error *err);

enum place_missing { PLACE_MUST_EXIST, PLACE_MAKE };

/*
 * Opens the directory @path for reading.  With PLACE_MAKE it and the directories above it are made
 * (0700) where they don't exist.  As the last component, a link is never followed in a directory
 * that everybody can write to.  Fails with ENOENT where PLACE_MUST_EXIST and the directory doesn't
 * exist.
 */
int place_open_directory(const char *what, const char *path, enum place_missing missing,
			 int *ret_fd, struct error *err);

/*
 * Opens @path to append to it; makes a regular file with @mode where it doesn't exist.  A terminal,
 * a FIFO and /dev/stderr are accepted.  In a directory that others can write to, a file that
 * belongs neither to us nor to root, or that has a second name, is refused.
 */
int place_open_append(const char *what, const char *path, mode_t mode, int *ret_fd,
		      struct error *err);

#endif
