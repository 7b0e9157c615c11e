// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "rootless/home.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/fd.h"
#include "core/base/passwd.h"
#include "core/base/span.h"
#include "core/base/str.h"
#include "rootless/name.h"

/* Large sites have a line for each user. */
#define HOST_PASSWD_SIZE_MAX (16u << 20)
#define LOGIN_DEFS_SIZE_MAX  (1u << 20)

#define UID_MIN_DEFAULT 1000

/* A number of login.defs: hexadecimal after 0x, octal after 0.  False for any other text. */
static bool parse_defs_number(struct span text, uint32_t *ret_number)
{
	autofree char *digits = str_dup_n(text.bytes, text.size);
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(digits, &end, 0);
	if (errno != 0 || end == digits || *end || strchr("-+", digits[0]) || number > UINT32_MAX)
		return false;
	*ret_number = (uint32_t)number;
	return true;
}

/*
 * The value of UID_MIN, as login(1) and useradd(8) read the file: the last line counts, the value
 * may be quoted, and a value that is no number counts as no UID_MIN.
 */
static uint32_t uid_min(const char *root)
{
	autofree char *path = str_format("%s/etc/login.defs", root);
	autofree char *text = NULL;
	uint32_t number = UID_MIN_DEFAULT;
	struct span rest, line;
	size_t size;

	if (fd_read_file(path, LOGIN_DEFS_SIZE_MAX, &text, &size) < 0)
		return number;
	rest = (struct span){ text, size };
	while (span_cut(&rest, '\n', &line)) {
		const size_t length = sizeof("UID_MIN") - 1;

		line = span_trim(line);
		if (line.size <= length || memcmp(line.bytes, "UID_MIN", length) != 0 ||
		    !strchr(" \t", line.bytes[length]))
			continue;
		line = span_trim((struct span){ line.bytes + length, line.size - length });
		if (line.size >= 2 && line.bytes[0] == '"' && line.bytes[line.size - 1] == '"')
			line = (struct span){ line.bytes + 1, line.size - 2 };
		if (!parse_defs_number(line, &number))
			number = UID_MIN_DEFAULT;
	}
	return number;
}

static void add_home_directory(struct span home, struct arena *arena, struct str_list *list)
{
	autofree char *path = str_dup_n(home.bytes, home.size);

	if (path[0] != '/')
		return;
	str_list_add(list, arena_str(arena, path));
}

void home_list(const char *root, uid_t caller, struct arena *arena, struct str_list *list)
{
	autofree char *path = str_format("%s/etc/passwd", root);
	autofree char *text = NULL, *unlisted = NULL;
	uint32_t first = uid_min(root);
	struct span rest = { "", 0 };
	struct passwd_entry entry;
	bool has_caller = false;
	size_t size;

	if (fd_read_file(path, HOST_PASSWD_SIZE_MAX, &text, &size) == 0)
		rest = (struct span){ text, size };
	while (passwd_next(&rest, &entry)) {
		if (entry.fields[PASSWD_HOME].size == 0)
			continue;
		has_caller = has_caller || entry.id == caller;
		if (entry.id == 0 || entry.id == caller || entry.id >= first)
			add_home_directory(entry.fields[PASSWD_HOME], arena, list);
	}
	if (!has_caller)
		unlisted = home_of_user(root, caller);
	if (unlisted)
		add_home_directory((struct span){ unlisted, strlen(unlisted) }, arena, list);
}
