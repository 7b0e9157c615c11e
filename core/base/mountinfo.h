/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_MOUNTINFO_H
#define URUN_BASE_MOUNTINFO_H

#include <stdbool.h>

/*
 * /proc/PID/mountinfo, a mount a line.
 * Source: proc(5).
 */

/* Some hundred bytes a mount. */
#define MOUNTINFO_SIZE_MAX (16u << 20)

struct mountinfo {
	const char *device; /* "major:minor" of the file system */
	const char *root;   /* of the file system, what is mounted */
	/* relative to the process's root; longer than PATH_MAX where mounts are nested deep */
	const char *point;
	const char *type; /* empty: the line has none */
};

/*
 * Takes a line off *rest, which is changed; lines of no such form are skipped.  Blanks and the like,
 * which the kernel writes as octal digits, are as they are.  The texts of *ret_mount lie in the
 * line, and are as long as the kernel wrote them.  False at the end; *ret_mount is undefined then.
 */
bool mountinfo_next(char **rest, struct mountinfo *ret_mount);

/*
 * Puts the byte in place of each backslash with three octal digits behind it, as the kernel writes
 * blanks and the like in its lists.  Other backslashes stay.
 */
void mountinfo_unescape(char *text);

/*
 * Are the files of the two descriptors on one mount?  False also where the kernel doesn't tell (before
 * Linux 5.8).  Source: statx(2), STATX_MNT_ID.
 */
bool mount_is_same(int a, int b);

#endif
