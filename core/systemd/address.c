// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-systemd.
#include "core/systemd/address.h"

#include <ctype.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/str.h"

/*
 * After su or sudo, $XDG_RUNTIME_DIR can be another user's directory, whose systemd would refuse
 * us.
 */
static bool is_our_socket(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_uid == geteuid();
}

/* "unix:path=…".  Bytes outside of D-Bus's set of optionally-escaped bytes are written as %XX. */
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

/* NULL where the directory has no bus of ours. */
static char *address_in(const char *runtime_dir, bool *ret_managed)
{
	autofree char *bus = str_format("%s/bus", runtime_dir);
	autofree char *manager = str_format("%s/systemd/private", runtime_dir);

	if (!is_our_socket(bus))
		return NULL;
	*ret_managed = is_our_socket(manager);
	return address_of_socket(bus);
}

char *address_of_user_bus(const char *runtime_dir, const char *session_address, bool *ret_managed)
{
	autofree char *usual = str_format("/run/user/%u", geteuid());
	char *address = NULL;

	if (runtime_dir && runtime_dir[0] == '/')
		address = address_in(runtime_dir, ret_managed);
	if (address)
		return address;
	if (session_address && *session_address) {
		*ret_managed = false;
		return str_dup(session_address);
	}
	return address_in(usual, ret_managed);
}
