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

/*
 * name:password:id:members, or name:password:uid:gid:comment:home:shell.  Cuts it into fields; returns
 * how many.
 */
static size_t cut_fields(struct span line, struct span fields[static FIELDS_MAX])
{
	size_t colons = 0;

	for (size_t i = 0; i < line.size; i++)
		colons += line.bytes[i] == ':';
	/* An empty last field is none to span_cut(). */
	for (size_t i = 0; i < FIELDS_MAX; i++)
		if (!span_cut(&line, ':', &fields[i]))
			fields[i] = (struct span){ "", 0 };
	return colons + 1;
}

static bool is_earlier_of_ours(struct span old, struct span newer)
{
	struct span a[FIELDS_MAX], b[FIELDS_MAX];
	size_t count = cut_fields(old, a);
	/* The comment, and the members. */
	size_t kept = count == FIELDS_MAX ? 4 : 3;

	return count == cut_fields(newer, b) && count > 3 && same(a[0], b[0]) &&
	       span_is(a[1], "*") && span_is(b[1], "*") && same(a[kept], b[kept]);
}

/* A number as a name, which an earlier run gave to an id that nobody had. */
static bool is_nameless_of_ours(struct span old)
{
	struct span fields[FIELDS_MAX];

	return cut_fields(old, fields) > 3 && fields[0].size > 0 && same(fields[0], fields[2]) &&
	       span_is(fields[1], "*");
}

static void add_line(struct span line, struct strbuf *out)
{
	if (out->size > 0 && out->bytes[out->size - 1] != '\n')
		strbuf_add_str(out, "\n");
	strbuf_add(out, line.bytes, line.size);
	strbuf_add_str(out, "\n");
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

/* The line of @lines that is to replace the file's @old, if there is one. */
static bool find_newer(const char *file, const char *lines, struct span old, struct span *ret_line)
{
	struct span rest = { lines, strlen(lines) }, name;
	uint32_t old_id, id;
	bool has_id, has_name;

	while (span_cut(&rest, '\n', ret_line)) {
		if (!is_earlier_of_ours(old, *ret_line) || !parse_line(old, &name, &old_id) ||
		    !parse_line(*ret_line, &name, &id))
			continue;
		look_up(file, name, id, &has_id, &has_name);
		return id == old_id || !has_id;
	}
	return false;
}

static void copy_with_newer(const char *file, const char *lines, struct strbuf *out)
{
	struct span rest = { file, strlen(file) }, line, newer;

	while (span_cut(&rest, '\n', &line)) {
		/* The last line need not have an end. */
		bool has_end = line.bytes + line.size < file + strlen(file);

		if (find_newer(file, lines, line, &newer))
			line = newer;
		strbuf_add(out, line.bytes, line.size);
		if (has_end)
			strbuf_add_str(out, "\n");
	}
}

/* Is there a line with a name for the id that the file's @old has no name for? */
static bool gets_a_name(struct span old, const char *lines)
{
	struct span rest = { lines, strlen(lines) }, line, name;
	uint32_t old_id, id;

	if (!is_nameless_of_ours(old) || !parse_line(old, &name, &old_id))
		return false;
	while (span_cut(&rest, '\n', &line))
		if (parse_line(line, &name, &id) && id == old_id && !is_nameless_of_ours(line))
			return true;
	return false;
}

static void leave_out_nameless(const char *file, const char *lines, struct strbuf *out)
{
	struct span rest = { file, strlen(file) }, line;

	strbuf_add_str(out, "");
	while (span_cut(&rest, '\n', &line))
		if (!gets_a_name(line, lines))
			strbuf_add(out, line.bytes, (size_t)(rest.bytes - line.bytes));
}

void passwd_merge(const char *file, const char *lines, struct strbuf *out)
{
	autostrbuf struct strbuf named = { 0 };
	struct span rest = { lines, strlen(lines) }, line, name;
	bool has_id, has_name;
	uint32_t id;

	strbuf_add_str(out, "");
	leave_out_nameless(file, lines, &named);
	copy_with_newer(named.bytes, lines, out);
	while (span_cut(&rest, '\n', &line)) {
		autofree char *renamed = NULL;

		if (!parse_line(line, &name, &id))
			continue;
		look_up(out->bytes, name, id, &has_id, &has_name);
		if (has_id)
			continue;
		renamed = str_format("%" PRIu32 "%.*s", id, (int)(line.size - name.size),
				     line.bytes + name.size);
		add_line(has_name ? (struct span){ renamed, strlen(renamed) } : line, out);
	}
}
