// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include "core/base/mountinfo.h"

#include <stdio.h>
#include <string.h>

/* Blanks, tabs, newlines and backslashes are three octal digits. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		unsigned int byte;

		if (from[0] == '\\' && sscanf(from + 1, "%3o", &byte) == 1) {
			*to = (char)byte;
			from += 4;
		} else
			*to = *from++;
	}
	*to = '\0';
}

bool mountinfo_next(char **rest, struct mountinfo *ret_mount)
{
	for (char *line; (line = strsep(rest, "\n"));) {
		const char *behind = strstr(line, " - ");

		if (sscanf(line, "%*u %*u %*s %4095s %4095s", ret_mount->root, ret_mount->point) !=
		    2)
			continue;
		if (!behind || sscanf(behind, " - %63s", ret_mount->type) != 1)
			ret_mount->type[0] = '\0';
		unescape(ret_mount->root);
		unescape(ret_mount->point);
		return true;
	}
	return false;
}
