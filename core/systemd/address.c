// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-systemd.
#include "core/systemd/address.h"

#include <ctype.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/str.h"

/* su and sudo leave another user's runtime folder behind: that one's systemd would refuse us. */
static bool is_our_socket(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_uid == geteuid();
}

/* "unix:path=…", where what isn't one of D-Bus's optionally-escaped bytes is %XX. */
static char *address_of_socket(const char *path)
{
	struct strbuf address = { 0 };

	strbuf_add_str(&address, "unix:path=");
	for (; *path; path++)
		if (isalnum((unsigned char)*path) || strchr("-_/.\\*", *path))
			strbuf_add(&address, path, 1);
		else
			strbuf_addf(&address, "%%%02x", (unsigned char)*path);
	return address.bytes;
}

char *address_of_user_bus(const char *runtime_dir, const char *session_address)
{
	autofree char *path = NULL, *usual_path = NULL;

	if (runtime_dir && runtime_dir[0] == '/') {
		path = str_format("%s/bus", runtime_dir);
		if (is_our_socket(path))
			return address_of_socket(path);
	}
	if (session_address && *session_address)
		return str_dup(session_address);
	usual_path = str_format("/run/user/%u/bus", geteuid());
	return is_our_socket(usual_path) ? address_of_socket(usual_path) : NULL;
}
