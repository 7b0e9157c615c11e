// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include "core/base/mountinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "core/base/utf8.h"

static bool is_octal(char c, char highest)
{
	return c >= '0' && c <= highest;
}

/*
 * The kernel writes a blank, tab, newline or backslash as a backslash and three octal digits.  A
 * backslash without three digits behind it stays: the field may be cut there.
 */
void mountinfo_unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from;) {
		if (from[0] == '\\' && is_octal(from[1], '3') && is_octal(from[2], '7') &&
		    is_octal(from[3], '7')) {
			*to++ = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 |
				       (from[3] - '0'));
			from += 4;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
}

void mountinfo_escape(const char *path, struct strbuf *text)
{
	bool is_utf8 = utf8_is_valid((const unsigned char *)path, strlen(path));

	for (const char *c = path; *c; c++) {
		unsigned char byte = (unsigned char)*c;

		if (byte < ' ' || byte == '\\' || byte == 0x7f || (byte > 0x7f && !is_utf8))
			strbuf_addf(text, "\\%03o", byte);
		else
			strbuf_add(text, c, 1);
	}
}

/* Fields are divided by one blank.  NULL: the line is at its end. */
static char *next_field(char **line)
{
	char *field = strsep(line, " ");

	return field && *field ? field : NULL;
}

/* Mount id, parent id, device, root, mount point, options, fields of any number, "-", type. */
static bool parse_line(char *line, struct mountinfo *ret_mount)
{
	char *fields[5];
	char *field;

	for (size_t i = 0; i < 5; i++) {
		fields[i] = next_field(&line);
		if (!fields[i])
			return false;
	}
	while ((field = next_field(&line)) && strcmp(field, "-") != 0)
		;
	field = field ? next_field(&line) : NULL;
	mountinfo_unescape(fields[3]);
	mountinfo_unescape(fields[4]);
	*ret_mount = (struct mountinfo){
		.device = fields[2],
		.root = fields[3],
		.point = fields[4],
		.type = field ? field : "",
	};
	return true;
}

bool mountinfo_next(char **rest, struct mountinfo *ret_mount)
{
	for (char *line; (line = strsep(rest, "\n"));)
		if (parse_line(line, ret_mount))
			return true;
	return false;
}

static bool read_mount_id(int fd, uint64_t *ret_id)
{
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) < 0)
		return false;
	*ret_id = st.stx_mnt_id;
	return st.stx_mask & STATX_MNT_ID;
}

bool mount_is_same(int a, int b)
{
	uint64_t first = 0, second = 0;

	return read_mount_id(a, &first) && read_mount_id(b, &second) && first == second;
}

int mount_make_namespace(struct error *err)
{
	if (unshare(CLONE_NEWNS) < 0)
		return error_set(err, errno, "make a mount namespace");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return error_set(err, errno, "make the mounts private");
	return 0;
}
