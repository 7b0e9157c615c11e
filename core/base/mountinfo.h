/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_MOUNTINFO_H
#define URUN_BASE_MOUNTINFO_H

#include <stdbool.h>

#include "core/base/error.h"
#include "core/base/str.h"

/*
 * /proc/PID/mountinfo has a line for each mount.
 * Source: proc(5).
 */

/* A mount takes a few hundred bytes. */
#define MOUNTINFO_SIZE_MAX (16u << 20)

struct mountinfo {
	const char *device; /* "major:minor" of the file system */
	const char *root;   /* the directory or file of the file system that is mounted */
	/* relative to the process's root; longer than PATH_MAX where mounts are nested deep */
	const char *point;
	const char *type; /* empty: the line has none */
};

/*
 * Takes a line off *rest, which is changed; lines of another form are skipped.  Blanks and such
 * characters, which the kernel writes as octal digits, are decoded.  The texts of *ret_mount lie in
 * the line, and may be of any length.  False at the end; then *ret_mount is undefined.
 */
bool mountinfo_next(char **rest, struct mountinfo *ret_mount);

/*
 * Replaces each backslash and its three octal digits by the byte that they mean: the kernel writes
 * blanks and such characters so in its lists.  Other backslashes stay.
 */
void mountinfo_unescape(char *text);

/*
 * Appends @path so that mountinfo_unescape() gives it back, as a line of UTF-8: control characters
 * (line breaks too), backslashes, and all bytes above 0x7f of a path that isn't UTF-8 become a
 * backslash and three octal digits.
 */
void mountinfo_escape(const char *path, struct strbuf *text);

/*
 * Are the files of the two descriptors on one mount?  False also where the kernel doesn't say
 * (before Linux 5.8).  Source: statx(2), STATX_MNT_ID.
 */
bool mount_is_same(int a, int b);

/*
 * Moves this process into a mount namespace of its own, whose mounts are private: our mounts don't
 * reach the host, and a mount or an unmount of the host doesn't reach us.
 * Source: mount_namespaces(7).
 */
int mount_make_namespace(struct error *err);

#endif
