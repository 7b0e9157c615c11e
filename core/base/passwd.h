/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_PASSWD_H
#define URUN_BASE_PASSWD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/arena.h"
#include "core/base/error.h"
#include "core/base/str.h"

/*
 * The users and groups of a root file system, by the bytes of its /etc/passwd and /etc/group, which
 * nobody vouches for: lines that aren't of the form are passed over.
 * Source: passwd(5), group(5).
 */

/* More than this is no file of users. */
#define PASSWD_SIZE_MAX ((size_t)4 << 20)

/* Reads etc/passwd or etc/group below @root, a descriptor; "" where it can't be read.  The caller frees. */
char *passwd_read(int root, const char *path);

struct passwd_user {
	bool found; /* passwd has the user; else the ids are the text's own number and 0 */
	uint32_t uid, gid;
	/* Of a user that passwd has, where no group was given.  The arena's. */
	gid_t *groups;
	size_t group_count;
};

/*
 * The user that @text means: "NAME" or "UID", each alone or with ":GROUP" or ":GID".  Without a
 * group, the user has their own of passwd, and those that group has them in; a number that passwd
 * doesn't have is taken as it is, with group 0.
 * Fails with what isn't there; the caller says before it who asked.
 * Source: podman-run(1), --user.
 */
int passwd_find_user(const char *passwd, const char *group, const char *text, struct arena *arena,
		     struct passwd_user *ret_user, struct error *err);

/*
 * Adds to @out the lines of @lines whose id (the third field) @file doesn't have, each with a line
 * end before it where @file has none at its end.  A line whose name @file has for another id gets the
 * id as its name, so that none of the file's own users becomes another.  Lines that don't begin with
 * name:password:id: are left out.  Good for both files.
 */
void passwd_add_lines(const char *file, const char *lines, struct strbuf *out);

#endif
