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
 * The users and groups of a root file system, from the bytes of its /etc/passwd and /etc/group.
 * The files aren't trusted: lines of another form are skipped.
 * Source: passwd(5), group(5).
 */

/* Larger files aren't read. */
#define PASSWD_SIZE_MAX ((size_t)4 << 20)

/* The fields of a line of passwd(5); a line of group(5) ends with the members. */
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

/*
 * A line name:password:id:… that has a name and an id.  Everything points into the text that was
 * read.
 */
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

/*
 * Reads etc/passwd or etc/group below the descriptor @root; "" where the file can't be read.  The
 * caller frees the text.
 */
char *passwd_read(int root, const char *path);

struct passwd_user {
	bool found; /* in passwd; else the uid is the number in the text, and the gid is 0 */
	uint32_t uid, gid;
	/* The groups of a user of passwd, where the text has no group.  The arena's. */
	gid_t *groups;
	size_t group_count;
	/* The fields of the user's line; "" where there is none.  The arena's. */
	const char *home, *shell;
};

/*
 * Finds the user that @text means: "NAME" or "UID", each alone or with ":GROUP" or ":GID".  Without
 * a group, the user has their own group from passwd, and the groups of which group lists them as a
 * member; an empty group is none, as for docker.  A number that passwd doesn't have is taken as it is, with
 * group 0.
 * Fails with the user or group that was not found; the caller puts the option's name before the
 * text.
 * Source: podman-run(1), --user.
 */
int passwd_find_user(const char *passwd, const char *group, const char *text, struct arena *arena,
		     struct passwd_user *ret_user, struct error *err);

/*
 * The ids of the groups that @names has, one on each line, by @group, the text of group(5).  A name that @group
 * doesn't have may be a number.  *ret_gids is the arena's.  Fails with a group that is not found.
 */
int passwd_find_groups(const char *group, const char *names, struct arena *arena, gid_t **ret_gids,
		       size_t *ret_count, struct error *err);

/*
 * Merges @lines, which are of the same form, into @file, and appends the result to @out:
 *   - a line whose id (the third field) @file has is left out: @file's own user is meant then;
 *   - but a line of @file with the same name, the password "*" and the same comment (of group: the
 *     same members) was added by an earlier run, and the new line replaces it;
 *   - a line of @file whose name is its own number, with the password "*", was added by an earlier
 *     run for an id without a user, and goes where a line of that id has a name;
 *   - a line whose name @file has for another id gets the id as its name, so that none of @file's
 *     users becomes another;
 *   - lines of another form than name:password:id:... are left out.
 * Where nothing is replaced, @out begins with @file's bytes, so that the rest can be appended.  For
 * passwd and for group.
 */
void passwd_merge(const char *file, const char *lines, struct strbuf *out);

#endif
