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

/* Both files have lines name:password:id:… */
static char *name_in_lines(const char *bytes, size_t size, uint32_t id)
{
	struct span rest = { bytes, size }, line, name, password, number;
	uint32_t value;

	while (span_cut(&rest, '\n', &line))
		if (span_cut(&line, ':', &name) && name.size > 0 &&
		    span_cut(&line, ':', &password) && span_cut(&line, ':', &number) &&
		    span_number(number, &value) && value == id)
			return str_dup_n(name.bytes, name.size);
	return NULL;
}

static char *ask_getent(const char *database, uint32_t id)
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
	return name_in_lines(out.bytes, out.size, id);
}

static char *name_of(const char *root, const char *database, uint32_t id)
{
	autofree char *path = str_format("%s/etc/%s", root, database);
	autofree char *text = NULL;
	char *name = NULL;
	size_t size;

	if (fd_read_file(path, FILE_SIZE_MAX, &text, &size) == 0)
		name = name_in_lines(text, size, id);
	if (name || root[0] != '\0')
		return name;
	return ask_getent(database, id);
}

char *name_of_user(const char *root, uid_t uid)
{
	return name_of(root, "passwd", uid);
}

char *name_of_group(const char *root, gid_t gid)
{
	return name_of(root, "group", gid);
}
