// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include "core/base/passwd.h"

#include <inttypes.h>

#include "core/base/number.h"
#include "core/base/path.h"
#include "core/base/span.h"

#define FIELDS_MAX 7

char *passwd_read(int root, const char *path)
{
	char *text = NULL;
	size_t size;

	return path_read_in_root(root, path, PASSWD_SIZE_MAX, &text, &size) < 0 ? str_dup("")
										: text;
}

/* Cuts the next line of *rest into its fields, missing ones NULL.  Returns false at the end. */
static bool next_line(char **rest, char *fields[static FIELDS_MAX])
{
	char *line = strsep(rest, "\n");

	for (int i = 0; i < FIELDS_MAX; i++)
		fields[i] = line ? strsep(&line, ":") : NULL;
	return fields[0] != NULL;
}

static bool is_id(const char *text, uint32_t *ret_id)
{
	return text && number_parse_u32(text, UINT32_MAX - 1, ret_id) == 0;
}

struct entry {
	bool found;
	uint32_t uid, gid;
	char *name;
};

/*
 * Cuts @passwd, which the name points into.  By name, or by the number where the text is one and no
 * name is like it.
 */
static struct entry find_entry(char *passwd, const char *user)
{
	struct entry by_number = { 0 };
	uint32_t number = 0;
	bool is_number = is_id(user, &number);
	char *fields[FIELDS_MAX];

	for (char *rest = passwd; next_line(&rest, fields);) {
		struct entry entry = { .found = true, .name = fields[0] };

		if (!is_id(fields[2], &entry.uid) || !is_id(fields[3], &entry.gid))
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

static void add_groups(const char *group, const char *name, struct arena *arena,
		       struct passwd_user *user)
{
	autofree char *copy = str_dup(group);
	char *fields[FIELDS_MAX];
	uint32_t gid;

	for (char *rest = copy; next_line(&rest, fields);) {
		if (!fields[3] || !is_id(fields[2], &gid) || gid == user->gid ||
		    !has_member(fields[3], name))
			continue;
		user->groups =
			arena_grow(arena, user->groups, user->group_count, sizeof(*user->groups));
		user->groups[user->group_count++] = gid;
	}
}

static bool find_group(const char *group, const char *text, uint32_t *ret_gid)
{
	autofree char *copy = str_dup(group);
	char *fields[FIELDS_MAX];

	for (char *rest = copy; next_line(&rest, fields);)
		if (str_equal(fields[0], text) && is_id(fields[2], ret_gid))
			return true;
	return is_id(text, ret_gid);
}

int passwd_find_user(const char *passwd, const char *group, const char *text, struct arena *arena,
		     struct passwd_user *ret_user, struct error *err)
{
	autofree char *lines = str_dup(passwd), *copy = str_dup(text);
	char *group_text = copy, *user_text = strsep(&group_text, ":");
	struct entry entry = find_entry(lines, user_text);
	struct passwd_user user = { .found = entry.found, .uid = entry.uid, .gid = entry.gid };

	if (!entry.found && !is_id(user_text, &user.uid))
		return error_set(err, 0, "the root file system has no user '%s'", user_text);
	if (group_text && !find_group(group, group_text, &user.gid))
		return error_set(err, 0, "the root file system has no group '%s'", group_text);
	if (entry.found && !group_text)
		add_groups(group, entry.name, arena, &user);
	*ret_user = user;
	return 0;
}

/* The name and the id of a line name:password:id:…; false where it is something else. */
static bool parse_line(struct span line, struct span *ret_name, uint32_t *ret_id)
{
	struct span password, id;

	return span_cut(&line, ':', ret_name) && ret_name->size > 0 &&
	       span_cut(&line, ':', &password) && span_cut(&line, ':', &id) &&
	       span_number(id, ret_id);
}

static bool same(struct span a, struct span b)
{
	return a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
}

static void look_up(const char *file, struct span name, uint32_t id, bool *ret_has_id,
		    bool *ret_has_name)
{
	struct span rest = { file, strlen(file) }, line, its_name;
	uint32_t its_id;

	*ret_has_id = *ret_has_name = false;
	while (span_cut(&rest, '\n', &line)) {
		if (!parse_line(line, &its_name, &its_id))
			continue;
		*ret_has_id = *ret_has_id || its_id == id;
		*ret_has_name = *ret_has_name || same(its_name, name);
	}
}

void passwd_add_lines(const char *file, const char *lines, struct strbuf *out)
{
	size_t size = strlen(file);
	struct span rest = { lines, strlen(lines) }, line, name;
	bool has_end = size == 0 || file[size - 1] == '\n';
	bool has_id, has_name;
	uint32_t id;

	while (span_cut(&rest, '\n', &line)) {
		if (!parse_line(line, &name, &id))
			continue;
		look_up(file, name, id, &has_id, &has_name);
		if (has_id)
			continue;
		if (!has_end)
			strbuf_add_str(out, "\n");
		has_end = true;
		if (has_name)
			strbuf_addf(out, "%" PRIu32, id);
		else
			strbuf_add(out, name.bytes, name.size);
		strbuf_add(out, line.bytes + name.size, line.size - name.size);
		strbuf_add_str(out, "\n");
	}
}
