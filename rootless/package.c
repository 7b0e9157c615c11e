// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include "rootless/package.h"

#include <stdio.h>
#include <string.h>

#include "core/base/fd.h"
#include "core/base/span.h"
#include "core/base/str.h"

#define OS_RELEASE_MAX (64u << 10)

/* Words of ID and ID_LIKE in os-release, and the command that installs a package. */
static const struct {
	const char *word;
	const char *command;
	size_t offset; /* of the name in struct package */
} families[] = {
	{ "debian", "apt-get install", offsetof(struct package, debian) },
	{ "ubuntu", "apt-get install", offsetof(struct package, debian) },
	{ "fedora", "dnf install", offsetof(struct package, fedora) },
	{ "rhel", "dnf install", offsetof(struct package, fedora) },
	{ "suse", "zypper install", offsetof(struct package, fedora) },
	{ "arch", "pacman -S", offsetof(struct package, arch) },
	{ "alpine", "apk add", offsetof(struct package, alpine) },
};

/* Is @word one of the words of ID=debian or ID_LIKE="rhel fedora"?  The value may be quoted. */
static bool is_family(const char *text, size_t size, const char *word)
{
	struct span rest = { text, size }, value, name;

	while (span_cut(&rest, '\n', &value)) {
		if (!span_cut(&value, '=', &name) ||
		    (!span_is(name, "ID") && !span_is(name, "ID_LIKE")))
			continue;
		if (value.size >= 2 && (value.bytes[0] == '"' || value.bytes[0] == '\''))
			value = (struct span){ value.bytes + 1, value.size - 2 };
		if (span_has_word(value, word))
			return true;
	}
	return false;
}

void package_fix(const struct host *host, const struct package *package,
		 char ret_fix[static PACKAGE_FIX_SIZE])
{
	autofree char *path = str_format("%s/etc/os-release", host->root);
	autofree char *text = NULL;
	size_t size;

	snprintf(ret_fix, PACKAGE_FIX_SIZE, "install the package %s", package->debian);
	if (fd_read_file(path, OS_RELEASE_MAX, &text, &size) < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		if (is_family(text, size, families[i].word)) {
			snprintf(
				ret_fix, PACKAGE_FIX_SIZE, "run as root %s %s", families[i].command,
				*(const char *const *)((const char *)package + families[i].offset));
			return;
		}
}
