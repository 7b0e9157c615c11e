// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/spec/spec_fields.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/base/str.h"
#include "core/config/change.h"

/* Where two fields begin a text, the first in the list counts. */
static const struct field {
	const char *path;
	const char *option;
	bool keeps_rest; /* what follows the path is the option's text: the name of a sysctl */
} fields[] = {
	{ "linux.uidMappings", "--uidmap", false },
	{ "linux.gidMappings", "--gidmap", false },
	{ "linux.resources.memory.swap", "--memory-swap", false },
	{ "linux.resources.memory.reservation", "--memory-reservation", false },
	{ "linux.resources.memory", "--memory", false },
	{ "linux.resources.cpu.shares", "--cpu-shares", false },
	{ "linux.resources.cpu.cpus", "--cpuset-cpus", false },
	{ "linux.resources.cpu.mems", "--cpuset-mems", false },
	{ "linux.resources.cpu", "--cpus", false },
	{ "linux.resources.pids", "--pids-limit", false },
	{ "linux.resources.unified.", "--cgroup-conf ", true },
	{ "linux.cgroupsPath", "--cgroup-parent", false },
	{ "linux.seccomp", "--security-opt seccomp", false },
	{ "linux.maskedPaths", "--security-opt unmask", false },
	{ "linux.mountLabel", "--security-opt label", false },
	{ "linux.sysctl.", "--sysctl ", true },
	{ "linux.devices", "--device", false },
	{ "process.apparmorProfile", "--security-opt apparmor", false },
	{ "process.selinuxLabel", "--security-opt label", false },
	{ "process.noNewPrivileges", "--security-opt no-new-privileges", false },
	{ "process.capabilities", "--cap-add", false },
	{ "process.rlimits", "--ulimit", false },
	{ "process.oomScoreAdj", "--oom-score-adj", false },
	{ "process.user.additionalGids", "--group-add", false },
	{ "process.user", "--user", false },
	{ "process.cwd", "--workdir", false },
	{ "process.env", "--env", false },
	{ "process.args", "the command", false },
	{ "process.terminal", "--tty", false },
	{ "hostname:", "--hostname:", true },
	{ "domainname:", "--domainname:", true },
	{ "root.readonly", "--read-only", false },
	{ "root.path", "--rootfs", false },
	{ "annotations." CONFIG_ANNOTATION_NETWORK, "--network", false },
	{ "annotations." CONFIG_ANNOTATION_OVERLAY, "--overlay", false },
	{ "annotations." CONFIG_ANNOTATION_ROOT_EMULATION, "--root-emulation", false },
	{ "annotations.", "--annotation ", true },
	/* The text behind it says which mount it is. */
	{ "mounts", "--volume or --tmpfs", false },
};

/* "[3]" and ".limit" behind a path belong to the field. */
static size_t length_of_rest(const char *text)
{
	size_t length = 0;

	for (;; length++) {
		char c = text[length], next = c ? text[length + 1] : '\0';

		if (c == '[' || c == ']' || c == '_' || isalnum((unsigned char)c))
			continue;
		if (c != '.' || !isalnum((unsigned char)next))
			return length;
	}
}

/* The field at the beginning of @text, whose length is *ret_length; NULL: there is none. */
static const struct field *field_at(const char *text, size_t *ret_length)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		size_t length = strlen(fields[i].path);
		char next;

		if (strncmp(text, fields[i].path, length) != 0)
			continue;
		next = text[length];
		if (!fields[i].keeps_rest && isalnum((unsigned char)next))
			continue;
		*ret_length =
			fields[i].keeps_rest ? length : length + length_of_rest(text + length);
		return &fields[i];
	}
	return NULL;
}

/* A word of plain English ("the mounts below") isn't a field: "mounts" alone needs its index. */
static bool is_word_alone(const struct field *field, const char *text)
{
	size_t length = strlen(field->path);

	return !field->keeps_rest && !strchr(field->path, '.') && text[length] != '[';
}

/* What an error adds for those who have a config. */
#define ASIDE "(in a config:"

static void remove_aside(char *text)
{
	char *begin = strstr(text, ASIDE), *end = begin ? strchr(begin, ')') : NULL;

	if (!end)
		return;
	end++;
	if (begin > text && begin[-1] == ' ')
		begin--;
	memmove(begin, end, strlen(end) + 1);
}

static void replace_fields(char *text, size_t size)
{
	autostrbuf struct strbuf out = { 0 };
	bool begins = true;

	remove_aside(text);
	for (const char *at = text; *at;) {
		size_t length = 1;
		const struct field *field = begins ? field_at(at, &length) : NULL;

		if (field && !is_word_alone(field, at)) {
			strbuf_add_str(&out, field->option);
			at += length;
			begins = false;
			continue;
		}
		begins = !isalnum((unsigned char)*at) && !strchr("._-/]", *at);
		strbuf_add(&out, at++, 1);
	}
	if (out.size)
		snprintf(text, size, "%s", out.bytes);
}

void spec_fields_to_options(struct error *err)
{
	replace_fields(err->text, sizeof(err->text));
	replace_fields(err->hint, sizeof(err->hint));
}
