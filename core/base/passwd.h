/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_PASSWD_H
#define URUN_BASE_PASSWD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/arena.h"
#include "core/base/error.h"
#include "core/base/span.h"
#include "core/base/str.h"

/*
 * The users and groups of a root file system, by the bytes of its /etc/passwd and /etc/group, which
 * nobody vouches for: lines that aren't of the form are passed over.
 * Source: passwd(5), group(5).
 */

/* More than this is no file of users. */
#define PASSWD_SIZE_MAX ((size_t)4 << 20)

/* The fields of a line; those of group(5) end with the members. */
enum passwd_field {
	PASSWD_NAME,
	PASSWD_PASSWORD,
	PASSWD_ID,
	PASSWD_GID,
	PASSWD_MEMBERS = PASSWD_GID,
	PASSWD_COMMENT,
	PASSWD_HOME,
	PASSWD_SHELL,
	PASSWD_FIELDS
};

/* A line name:password:id:…, which has a name and a number.  All points into the text that was read. */
struct passwd_entry {
	struct span line;
	struct span fields[PASSWD_FIELDS]; /* empty where the line has fewer */
	size_t field_count;		   /* of the line, which may have more */
	uint32_t id;
};

/* Cuts the next line of that form off the front of *@rest; false at the end of the text. */
bool passwd_next(struct span *rest, struct passwd_entry *ret_entry);

/* The first line of @file with @id, which counts where there are several; false: there is none. */
bool passwd_find(struct span file, uint32_t id, struct passwd_entry *ret_entry);

/* Reads etc/passwd or etc/group below @root, a descriptor; "" where it can't be read.  The caller frees. */
char *passwd_read(int root, const char *path);

struct passwd_user {
	bool found; /* passwd has the user; else the ids are the text's own number and 0 */
	uint32_t uid, gid;
	/* The groups of a user that passwd has, where no group was given.  The arena's. */
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
 * Puts into @out what becomes of @file with @lines, which are of the same form:
 *   - a line whose id (the third field) @file has is left out, as @file's own user is meant then;
 *   - but a line of @file that has the same name, the password "*" and the same comment (of group: the
 *     same members) is an earlier one of ours, and follows what is asked for now;
 *   - a line of @file that has its own number as a name, and the password "*", is one of ours for an id
 *     that nobody had, and makes room for a line of that id that has a name;
 *   - a line whose name @file has for another id gets the id as its name, so that none of @file's
 *     users becomes another;
 *   - what isn't name:password:id:... is left out.
 * Where nothing is replaced, @out begins with @file's bytes, so that the rest can be appended.
 * Good for passwd and for group.
 */
void passwd_merge(const char *file, const char *lines, struct strbuf *out);

#endif
