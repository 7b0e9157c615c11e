// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "rootless/name.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/base/ask.h"
#include "core/base/fd.h"
#include "core/base/span.h"
#include "core/base/str.h"
#include "rootless/host.h"

/* Large sites have a line for each of their users. */
#define FILE_SIZE_MAX (16u << 20)

/* Source: passwd(5), group(5). */
#define FIELD_NAME 0
#define FIELD_HOME 5
#define FIELD_ALL  ((size_t)-1) /* the line */

/* Field @index, from 0 (or FIELD_ALL), of the first line for @id.  Both files have lines name:password:id:… */
static char *field_in_lines(const char *bytes, size_t size, uint32_t id, size_t index)
{
	struct span rest = { bytes, size }, line, name, field;
	uint32_t value;

	while (span_cut(&rest, '\n', &line)) {
		struct span fields = line;

		if (!span_cut(&fields, ':', &name) || name.size == 0 ||
		    !span_cut(&fields, ':', &field) || !span_cut(&fields, ':', &field) ||
		    !span_number(field, &value) || value != id)
			continue;
		if (index == FIELD_ALL)
			return str_dup_n(line.bytes, line.size);
		for (size_t i = 0; i <= index; i++)
			if (!span_cut(&line, ':', &field))
				return NULL;
		return str_dup_n(field.bytes, field.size);
	}
	return NULL;
}

static char *ask_getent(const char *database, uint32_t id, size_t index)
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
	return field_in_lines(out.bytes, out.size, id, index);
}

static char *field_of(const char *root, const char *database, uint32_t id, size_t index)
{
	autofree char *path = str_format("%s/etc/%s", root, database);
	autofree char *text = NULL;
	char *field = NULL;
	size_t size;

	if (fd_read_file(path, FILE_SIZE_MAX, &text, &size) == 0)
		field = field_in_lines(text, size, id, index);
	if (field || root[0] != '\0')
		return field;
	return ask_getent(database, id, index);
}

char *name_of_user(const char *root, uid_t uid)
{
	return field_of(root, "passwd", uid, FIELD_NAME);
}

char *home_of_user(const char *root, uid_t uid)
{
	return field_of(root, "passwd", uid, FIELD_HOME);
}

char *name_of_group(const char *root, gid_t gid)
{
	return field_of(root, "group", gid, FIELD_NAME);
}

void name_passwd_line(const char *root, uid_t uid, struct passwd_line *ret_line)
{
	autofree char *text = field_of(root, "passwd", uid, FIELD_ALL);
	/* name:password:uid:gid:gecos:home:shell */
	char **const parts[] = {
		&ret_line->name, NULL, NULL, NULL, &ret_line->gecos, &ret_line->home,
		&ret_line->shell
	};
	struct span line = { text ? text : "", text ? strlen(text) : 0 }, field;

	*ret_line = (struct passwd_line){ 0 };
	for (size_t i = 0; i < ARRAY_SIZE(parts) && span_cut(&line, ':', &field); i++)
		if (parts[i])
			*parts[i] = str_dup_n(field.bytes, field.size);
}
