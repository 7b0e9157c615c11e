// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include <errno.h>
#include <fnmatch.h>
#include <string.h>
#include <sys/mount.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/seccomp/root_emulation.h"
#include "core/seccomp/seccomp_default.h"
#include "core/spec/spec_steps.h"

static int load_profile(const char *path, struct container_config *config, struct error *err)
{
	autofree char *text = NULL;
	size_t size;
	int failed = fd_read_file(path, SPEC_FILE_SIZE_MAX, &text, &size);

	if (failed < 0)
		return error_set(err, -failed, "--security-opt seccomp=%s", path);
	if (config_parse_seccomp(text, size, &config->arena, &config->linux->seccomp, err) < 0)
		return error_prefix(err, "--security-opt seccomp=%s", path);
	return 0;
}

/* Does @path match one of @patterns, which colons divide? */
static bool matches_pattern(const char *patterns, const char *path)
{
	autofree char *copy = str_dup(patterns);
	char *rest = copy;

	if (str_equal(patterns, "ALL"))
		return true;
	for (char *pattern; (pattern = strsep(&rest, ":"));)
		if (fnmatch(pattern, path, FNM_PATHNAME) == 0)
			return true;
	return false;
}

static void unmask(const char *patterns, struct str_list *paths)
{
	size_t kept = 0;

	for (size_t i = 0; i < paths->count; i++)
		if (!matches_pattern(patterns, paths->items[i]))
			paths->items[kept++] = paths->items[i];
	paths->count = kept;
}

/* @paths are divided by colons. */
static int mask(const char *text, const char *paths, struct container_config *config,
		struct error *err)
{
	autofree char *copy = str_dup(paths);
	char *rest = copy;

	for (char *path; (path = strsep(&rest, ":"));) {
		if (*path != '/')
			return spec_refuse("security-opt", text, "expected an absolute path", err);
		config_list_add(&config->arena, &config->linux->masked_paths, path);
	}
	return 0;
}

/* "no-new-privileges" alone means true. */
static int set_no_new_privileges(const char *value, struct config_process *process)
{
	if (value && !str_equal(value, "true") && !str_equal(value, "false"))
		return -EINVAL;
	process->no_new_privileges = !str_equal(value, "false");
	return 0;
}

/* docker and podman take ':' in place of '=', too. */
static int apply_security_word(const char *text, struct container_config *config, struct error *err)
{
	autofree char *copy = str_dup(text);
	char *value = copy, *name = strsep(&value, "=:");

	if (str_equal(name, "seccomp") && str_equal(value, "unconfined")) {
		config->linux->seccomp = NULL;
		return 0;
	}
	if (str_equal(name, "seccomp") && value && *value)
		return load_profile(value, config, err);
	if (str_equal(name, "apparmor") && value && *value) {
		config->process->apparmor_profile = arena_str(&config->arena, value);
		return 0;
	}
	/* SELinux: root of a user namespace can't set labels, and urun sets none. */
	if (str_equal(text, "label=disable") || str_equal(text, "label:disable"))
		return 0;
	if (str_equal(name, "systempaths") && str_equal(value, "unconfined")) {
		unmask("ALL", &config->linux->masked_paths);
		unmask("ALL", &config->linux->readonly_paths);
		return 0;
	}
	if (str_equal(name, "mask") && value && *value)
		return mask(text, value, config, err);
	if (str_equal(name, "unmask") && value && *value) {
		unmask(value, &config->linux->masked_paths);
		unmask(value, &config->linux->readonly_paths);
		return 0;
	}
	if (str_equal(name, "no-new-privileges") &&
	    set_no_new_privileges(value, config->process) == 0)
		return 0;
	return spec_refuse(
		"security-opt", text,
		"expected seccomp=FILE, seccomp=unconfined, apparmor=PROFILE, "
		"unmask=ALL|PATH[:PATH], mask=PATH[:PATH] or no-new-privileges=true|false",
		err);
}

/*
 * What --privileged can mean without root: nothing confines the program but the user namespace and
 * the other namespaces.  The devices and the capabilities are set elsewhere.
 */
static void set_privileged(struct container_config *config)
{
	config->linux->seccomp = NULL;
	config->linux->masked_paths.count = 0;
	config->linux->readonly_paths.count = 0;
	config->process->no_new_privileges = false;
	for (size_t i = 0; i < config->mounts.count; i++)
		if (config->mounts.items[i].kind == MOUNT_KIND_CGROUP)
			mount_change_clear(&config->mounts.items[i].options.top, MOUNT_ATTR_RDONLY);
}

static int set_root_emulation(const char *text, struct container_config *config, struct error *err)
{
	enum root_emulation mode;

	if (root_emulation_parse(text, &mode) < 0)
		return spec_refuse("root-emulation", text, ROOT_EMULATION_EXPECTED, err);
	config_set_annotation(config, CONFIG_ANNOTATION_ROOT_EMULATION, text);
	return 0;
}

int spec_apply_security(const struct spec_options *options, struct container_config *config,
			struct error *err)
{
	if (options->root_emulation && set_root_emulation(options->root_emulation, config, err) < 0)
		return -1;
	if (options->words.privileged)
		set_privileged(config);
	else
		seccomp_default(&config->arena, &config->linux->seccomp);
	for (size_t i = 0; i < options->security.count; i++)
		if (apply_security_word(options->security.items[i], config, err) < 0)
			return -1;
	return 0;
}
