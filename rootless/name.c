// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "rootless/name.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/base/ask.h"
#include "core/base/fd.h"
#include "core/base/passwd.h"
#include "core/base/span.h"
#include "core/base/str.h"
#include "rootless/host.h"

/* Large sites have a line for each user. */
#define FILE_SIZE_MAX (16u << 20)

/* Asks for the whole line instead of one field. */
#define WHOLE_LINE PASSWD_FIELDS

/* Returns a copy of one field of the first line for @id, or NULL. */
static char *field_in_lines(struct span file, uint32_t id, enum passwd_field field)
{
	struct passwd_entry entry;

	if (!passwd_find(file, id, &entry))
		return NULL;
	if (field == WHOLE_LINE)
		return str_dup_n(entry.line.bytes, entry.line.size);
	if (field >= entry.field_count)
		return NULL;
	return str_dup_n(entry.fields[field].bytes, entry.fields[field].size);
}

static char *ask_getent(const char *database, uint32_t id, enum passwd_field wanted)
{
	struct host host = { .root = "" };
	char program[HOST_PATH_SIZE], number[16];
	char *argv[] = { program, (char *)database, number, NULL };
	autostrbuf struct strbuf out = { 0 };
	struct error ignored = ERROR_NONE;

	snprintf(number, sizeof(number), "%" PRIu32, id);
	if (!host_find_program(&host, "getent", program) ||
	    ask_program(program, argv, &out, &ignored) < 0 || !out.bytes)
		return NULL;
	return field_in_lines((struct span){ out.bytes, out.size }, id, wanted);
}

static char *field_of(const char *root, const char *database, uint32_t id, enum passwd_field wanted)
{
	autofree char *path = str_format("%s/etc/%s", root, database);
	autofree char *text = NULL;
	char *field = NULL;
	size_t size;

	if (fd_read_file(path, FILE_SIZE_MAX, &text, &size) == 0)
		field = field_in_lines((struct span){ text, size }, id, wanted);
	if (field || root[0] != '\0')
		return field;
	return ask_getent(database, id, wanted);
}

char *name_of_user(const char *root, uid_t uid)
{
	return field_of(root, "passwd", uid, PASSWD_NAME);
}

char *home_of_user(const char *root, uid_t uid)
{
	return field_of(root, "passwd", uid, PASSWD_HOME);
}

char *name_of_group(const char *root, gid_t gid)
{
	return field_of(root, "group", gid, PASSWD_NAME);
}

void name_passwd_line(const char *root, uid_t uid, struct passwd_line *ret_line)
{
	autofree char *text = field_of(root, "passwd", uid, WHOLE_LINE);
	struct span rest = { text ? text : "", text ? strlen(text) : 0 };
	struct passwd_entry entry;

	*ret_line = (struct passwd_line){ 0 };
	if (!passwd_next(&rest, &entry))
		return;
	ret_line->name = str_dup_n(entry.fields[PASSWD_NAME].bytes, entry.fields[PASSWD_NAME].size);
	ret_line->gecos =
		str_dup_n(entry.fields[PASSWD_COMMENT].bytes, entry.fields[PASSWD_COMMENT].size);
	ret_line->home = str_dup_n(entry.fields[PASSWD_HOME].bytes, entry.fields[PASSWD_HOME].size);
	ret_line->shell =
		str_dup_n(entry.fields[PASSWD_SHELL].bytes, entry.fields[PASSWD_SHELL].size);
}
