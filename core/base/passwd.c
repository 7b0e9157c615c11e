// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include "core/base/passwd.h"

#include <inttypes.h>

#include "core/base/path.h"
#include "core/base/span.h"

static struct span whole_text(const char *text)
{
	return (struct span){ text, strlen(text) };
}

/* UINT32_MAX is no id: chown(2) and setresuid(2) take it for "don't change". */
static bool is_id(struct span text, uint32_t *ret_id)
{
	uint32_t number;

	if (!span_number(text, &number) || number == UINT32_MAX)
		return false;
	*ret_id = number;
	return true;
}

static bool parse_entry(struct span line, struct passwd_entry *ret_entry)
{
	struct passwd_entry entry = { .line = line, .field_count = 1 };

	for (size_t i = 0; i < line.size; i++)
		entry.field_count += line.bytes[i] == ':';
	/* An empty last field is none to span_cut(). */
	for (size_t i = 0; i < PASSWD_FIELDS; i++)
		if (!span_cut(&line, ':', &entry.fields[i]))
			entry.fields[i] = (struct span){ "", 0 };
	*ret_entry = entry;
	return entry.fields[PASSWD_NAME].size > 0 && is_id(entry.fields[PASSWD_ID], &ret_entry->id);
}

bool passwd_next(struct span *rest, struct passwd_entry *ret_entry)
{
	struct span line;

	while (span_cut(rest, '\n', &line))
		if (parse_entry(line, ret_entry))
			return true;
	return false;
}

bool passwd_find(struct span file, uint32_t id, struct passwd_entry *ret_entry)
{
	while (passwd_next(&file, ret_entry))
		if (ret_entry->id == id)
			return true;
	return false;
}

char *passwd_read(int root, const char *path)
{
	char *text = NULL;
	size_t size;

	return path_read_in_root(root, path, PASSWD_SIZE_MAX, &text, &size) < 0 ? str_dup("")
										: text;
}

/* ---- users ---- */

/*
 * Finds the user by name; or by number, where the text is a number and no user has it as a name.
 * Sets the ids and not the groups; *@ret_entry is the user's line in passwd, if there is one.
 */
static struct passwd_user find_user(const char *passwd, struct span text,
				    struct passwd_entry *ret_entry)
{
	struct passwd_user by_number = { 0 };
	struct span rest = whole_text(passwd);
	struct passwd_entry entry;
	uint32_t number = 0;
	bool is_number = is_id(text, &number);

	while (passwd_next(&rest, &entry)) {
		struct passwd_user user = { .found = true, .uid = entry.id };

		if (!is_id(entry.fields[PASSWD_GID], &user.gid))
			continue;
		if (span_same(entry.fields[PASSWD_NAME], text)) {
			*ret_entry = entry;
			return user;
		}
		if (is_number && user.uid == number && !by_number.found) {
			by_number = user;
			*ret_entry = entry;
		}
	}
	if (is_number && !by_number.found)
		by_number.uid = number;
	return by_number;
}

static bool has_member(struct span members, struct span name)
{
	struct span member;

	while (span_cut(&members, ',', &member))
		if (span_same(member, name))
			return true;
	return false;
}

static void add_user_groups(const char *group, struct span name, struct arena *arena,
			    struct passwd_user *user)
{
	struct span rest = whole_text(group);
	struct passwd_entry entry;

	while (passwd_next(&rest, &entry)) {
		if (entry.id == user->gid || !has_member(entry.fields[PASSWD_MEMBERS], name))
			continue;
		user->groups =
			arena_grow(arena, user->groups, user->group_count, sizeof(*user->groups));
		user->groups[user->group_count++] = entry.id;
	}
}

static bool find_group(const char *group, struct span text, uint32_t *ret_gid)
{
	struct span rest = whole_text(group);
	struct passwd_entry entry;

	while (passwd_next(&rest, &entry))
		if (span_same(entry.fields[PASSWD_NAME], text)) {
			*ret_gid = entry.id;
			return true;
		}
	return is_id(text, ret_gid);
}

static const char *copy_field(const struct passwd_entry *entry, enum passwd_field field,
			      struct arena *arena)
{
	const struct span *text = &entry->fields[field];

	return text->size ? arena_str_n(arena, text->bytes, text->size) : "";
}

int passwd_find_user(const char *passwd, const char *group, const char *text, struct arena *arena,
		     struct passwd_user *ret_user, struct error *err)
{
	const char *colon = strchr(text, ':');
	bool has_group = colon && colon[1];
	struct span user_text = { text, colon ? (size_t)(colon - text) : strlen(text) };
	struct passwd_entry entry = { .field_count = 0 };
	struct passwd_user user = find_user(passwd, user_text, &entry);

	if (!user.found && !is_id(user_text, &user.uid))
		return error_set(err, 0, "user '%.*s' is not found in the container's /etc/passwd",
				 (int)user_text.size, user_text.bytes);
	if (has_group && !find_group(group, whole_text(colon + 1), &user.gid))
		return error_set(err, 0, "group '%s' is not found in the container's /etc/group",
				 colon + 1);
	if (user.found && !has_group)
		add_user_groups(group, entry.fields[PASSWD_NAME], arena, &user);
	user.home = copy_field(&entry, PASSWD_HOME, arena);
	user.shell = copy_field(&entry, PASSWD_SHELL, arena);
	*ret_user = user;
	return 0;
}

int passwd_find_groups(const char *group, const char *names, struct arena *arena, gid_t **ret_gids,
		       size_t *ret_count, struct error *err)
{
	struct span rest = whole_text(names), name;
	gid_t *gids = NULL;
	size_t count = 0;

	while (span_cut(&rest, '\n', &name)) {
		uint32_t gid;

		if (!find_group(group, name, &gid))
			return error_set(err, 0,
					 "group '%.*s' is not found in the container's /etc/group",
					 (int)name.size, name.bytes);
		gids = arena_grow(arena, gids, count, sizeof(*gids));
		gids[count++] = gid;
	}
	*ret_gids = gids;
	*ret_count = count;
	return 0;
}

/* ---- lines that are added ---- */

static bool is_earlier_of_ours(const struct passwd_entry *old, const struct passwd_entry *newer)
{
	enum passwd_field kept =
		old->field_count == PASSWD_FIELDS ? PASSWD_COMMENT : PASSWD_MEMBERS;

	return old->field_count == newer->field_count && old->field_count > PASSWD_MEMBERS &&
	       span_same(old->fields[PASSWD_NAME], newer->fields[PASSWD_NAME]) &&
	       span_is(old->fields[PASSWD_PASSWORD], "*") &&
	       span_is(newer->fields[PASSWD_PASSWORD], "*") &&
	       span_same(old->fields[kept], newer->fields[kept]);
}

/*
 * Is the line one that an earlier run has added for an id without a user, with the number as the
 * name?
 */
static bool is_nameless_of_ours(const struct passwd_entry *old)
{
	return old->field_count > PASSWD_MEMBERS &&
	       span_same(old->fields[PASSWD_NAME], old->fields[PASSWD_ID]) &&
	       span_is(old->fields[PASSWD_PASSWORD], "*");
}

static bool passwd_has_name(const char *file, struct span name)
{
	struct span rest = whole_text(file);
	struct passwd_entry entry;

	while (passwd_next(&rest, &entry))
		if (span_same(entry.fields[PASSWD_NAME], name))
			return true;
	return false;
}

/* Finds the line of @lines that is to replace the file's @old, if there is one. */
static bool find_newer(const char *file, const char *lines, const struct passwd_entry *old,
		       struct passwd_entry *ret_newer)
{
	struct span rest = whole_text(lines);
	struct passwd_entry other;

	while (passwd_next(&rest, ret_newer))
		if (is_earlier_of_ours(old, ret_newer))
			return ret_newer->id == old->id ||
			       !passwd_find(whole_text(file), ret_newer->id, &other);
	return false;
}

/* Is there a line with a name for the id that the file's @old has no name for? */
static bool gets_a_name(const struct passwd_entry *old, const char *lines)
{
	struct span rest = whole_text(lines);
	struct passwd_entry line;

	if (!is_nameless_of_ours(old))
		return false;
	while (passwd_next(&rest, &line))
		if (line.id == old->id && !is_nameless_of_ours(&line))
			return true;
	return false;
}

static void leave_out_nameless(const char *file, const char *lines, struct strbuf *out)
{
	struct span rest = whole_text(file), line;
	struct passwd_entry entry;

	strbuf_add_str(out, "");
	while (span_cut(&rest, '\n', &line))
		if (!parse_entry(line, &entry) || !gets_a_name(&entry, lines))
			strbuf_add(out, line.bytes, (size_t)(rest.bytes - line.bytes));
}

static void copy_with_newer(const char *file, const char *lines, struct strbuf *out)
{
	struct span rest = whole_text(file), line;
	struct passwd_entry entry, newer;

	while (span_cut(&rest, '\n', &line)) {
		/* The last line may lack its line end. */
		bool has_end = line.bytes + line.size < file + strlen(file);

		if (parse_entry(line, &entry) && find_newer(file, lines, &entry, &newer))
			line = newer.line;
		strbuf_add(out, line.bytes, line.size);
		if (has_end)
			strbuf_add_str(out, "\n");
	}
}

void passwd_merge(const char *file, const char *lines, struct strbuf *out)
{
	autostrbuf struct strbuf named = { 0 };
	struct span rest = whole_text(lines);
	struct passwd_entry entry, other;

	strbuf_add_str(out, "");
	leave_out_nameless(file, lines, &named);
	copy_with_newer(named.bytes, lines, out);
	while (passwd_next(&rest, &entry)) {
		struct span line = entry.line, name = entry.fields[PASSWD_NAME];
		bool is_taken = passwd_has_name(out->bytes, name);

		if (passwd_find(whole_text(out->bytes), entry.id, &other))
			continue;
		if (out->size > 0 && out->bytes[out->size - 1] != '\n')
			strbuf_add_str(out, "\n");
		if (is_taken) {
			strbuf_addf(out, "%" PRIu32, entry.id);
			line = (struct span){ line.bytes + name.size, line.size - name.size };
		}
		strbuf_add(out, line.bytes, line.size);
		strbuf_add_str(out, "\n");
	}
}
