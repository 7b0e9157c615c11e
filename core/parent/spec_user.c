// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/parent/spec_user.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/number.h"
#include "core/base/path.h"
#include "core/base/str.h"

#define FILE_SIZE_MAX ((size_t)4 << 20)
#define FIELDS_MAX    7

/* A root file system without the file has no such names.  The caller frees. */
static char *read_in_root(const char *rootfs, const char *path)
{
	autoclose int root = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char *text = NULL;
	size_t size;

	if (root < 0 || path_read_in_root(root, path, FILE_SIZE_MAX, &text, &size) < 0)
		return str_dup("");
	return text;
}

/* Cuts the next line of *rest into its fields, missing ones NULL.  Returns false at the end. */
static bool next_line(char **rest, char *fields[static FIELDS_MAX])
{
	char *line = strsep(rest, "\n");

	for (int i = 0; i < FIELDS_MAX; i++)
		fields[i] = line ? strsep(&line, ":") : NULL;
	return fields[0] != NULL;
}

struct passwd_entry {
	bool found;
	uint32_t uid, gid;
	char *name;
};

/* Cuts @passwd, which the name points into.  By name, or by the number where the text is one and no name is like it. */
static struct passwd_entry find_passwd(char *passwd, const char *user)
{
	struct passwd_entry by_number = { 0 };
	uint32_t number;
	bool is_number = number_parse_u32(user, UINT32_MAX - 1, &number) == 0;
	char *fields[FIELDS_MAX];

	for (char *rest = passwd; next_line(&rest, fields);) {
		struct passwd_entry entry = { .found = true, .name = fields[0] };

		if (!fields[3] || number_parse_u32(fields[2], UINT32_MAX - 1, &entry.uid) < 0 ||
		    number_parse_u32(fields[3], UINT32_MAX - 1, &entry.gid) < 0)
			continue;
		if (str_equal(entry.name, user))
			return entry;
		if (is_number && entry.uid == number && !by_number.found)
			by_number = entry;
	}
	if (is_number && !by_number.found)
		by_number.uid = number;
	return by_number;
}

static bool has_member(char *members, const char *name)
{
	for (char *rest = members, *member; (member = strsep(&rest, ","));)
		if (str_equal(member, name))
			return true;
	return false;
}

/* Of a user who has a name. */
static void add_groups(const char *group, const char *name, struct arena *arena,
		       struct config_user *user)
{
	autofree char *copy = str_dup(group);
	char *fields[FIELDS_MAX];
	uint32_t gid;

	for (char *rest = copy; next_line(&rest, fields);) {
		if (!fields[3] || number_parse_u32(fields[2], UINT32_MAX - 1, &gid) < 0 ||
		    gid == user->gid.value || !has_member(fields[3], name))
			continue;
		user->additional_gids.items =
			arena_grow(arena, user->additional_gids.items, user->additional_gids.count,
				   sizeof(*user->additional_gids.items));
		user->additional_gids.items[user->additional_gids.count++] = gid;
	}
}

static bool find_group(const char *group, const char *text, uint32_t *ret_gid)
{
	autofree char *copy = str_dup(group);
	char *fields[FIELDS_MAX];

	for (char *rest = copy; next_line(&rest, fields);)
		if (str_equal(fields[0], text) && fields[2] &&
		    number_parse_u32(fields[2], UINT32_MAX - 1, ret_gid) == 0)
			return true;
	return number_parse_u32(text, UINT32_MAX - 1, ret_gid) == 0;
}

int spec_user_find(const char *text, const char *rootfs, struct arena *arena,
		   struct config_user *ret_user, struct error *err)
{
	autofree char *passwd = read_in_root(rootfs, "/etc/passwd");
	autofree char *group = read_in_root(rootfs, "/etc/group");
	autofree char *copy = str_dup(text);
	char *group_text = copy, *user_text = strsep(&group_text, ":");
	struct passwd_entry entry = find_passwd(passwd, user_text);
	uint32_t gid = entry.gid;

	if (!entry.found && number_parse_u32(user_text, UINT32_MAX - 1, &entry.uid) < 0)
		return error_set(err, 0, "--user %s: the root file system has no user '%s'", text,
				 user_text);
	if (group_text && !find_group(group, group_text, &gid))
		return error_set(err, 0, "--user %s: the root file system has no group '%s'", text,
				 group_text);
	ret_user->uid = (struct opt_u64){ true, entry.uid };
	ret_user->gid = (struct opt_u64){ true, gid };
	if (entry.found && !group_text)
		add_groups(group, entry.name, arena, ret_user);
	return 0;
}
