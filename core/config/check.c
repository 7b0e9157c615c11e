// SPDX-License-Identifier: Apache-2.0
#include "core/config/check.h"

#include <ctype.h>
#include <stdio.h>

#include "core/base/str.h"
#include "core/config/check_value.h"
#include "core/config/shapes.h"

/* __NEW_UTS_LEN of the kernel: sethostname(2), setdomainname(2). */
#define UTS_NAME_MAX 64
#define PATH_ROOM    128

/* Skips a number without leading zeros.  Returns the rest, or NULL.  Source: semver.org. */
static const char *skip_number(const char *text)
{
	size_t length = strspn(text, "0123456789");

	if (length == 0 || (length > 1 && text[0] == '0'))
		return NULL;
	return text + length;
}

/* Skips identifiers with dots between them, none empty.  Returns the rest, or NULL.  Likewise. */
static const char *skip_identifiers(const char *text)
{
	for (;;) {
		const char *start = text;

		while (isalnum((unsigned char)*text) || *text == '-')
			text++;
		if (text == start)
			return NULL;
		if (*text != '.')
			return text;
		text++;
	}
}

static bool is_version_1(const char *text)
{
	if (!str_starts_with(text, "1."))
		return false;
	text = skip_number(text + 2);
	if (!text || *text != '.')
		return false;
	text = skip_number(text + 1);
	if (text && *text == '-')
		text = skip_identifiers(text + 1);
	if (text && *text == '+')
		text = skip_identifiers(text + 1);
	return text && *text == '\0';
}

static int check_version_and_root(const struct container_config *config, struct error *err)
{
	if (!is_version_1(config->oci_version) &&
	    error_gather(err, error_set(err, 0,
					"ociVersion: \"%s\" isn't a version 1.x.y that we know "
					"(we have " CONFIG_SPEC_VERSION ")",
					config->oci_version)) < 0)
		return -1;
	if (config->root->path[0] == '\0')
		return error_set(err, 0, "root.path: is empty");
	return check_path_length(config->root->path, "root.path", err);
}

static int check_uts_name(const struct container_config *config, const char *name, const char *path,
			  struct error *err)
{
	if (!name)
		return 0;
	if (!config_find_namespace(config, CONFIG_NS_UTS))
		return error_set(err, 0, "%s: needs a uts namespace in linux.namespaces", path);
	if (strlen(name) > UTS_NAME_MAX)
		return error_set(err, 0, "%s: longer than %d bytes", path, UTS_NAME_MAX);
	return 0;
}

static int check_mount_mappings(const struct config_mount *mount, size_t i, struct error *err)
{
	char uids[PATH_ROOM], gids[PATH_ROOM];

	if ((mount->uid_mappings.count == 0) != (mount->gid_mappings.count == 0))
		return error_set(err, 0,
				 "mounts[%zu]: uidMappings and gidMappings must be given together",
				 i);
	snprintf(uids, sizeof(uids), "mounts[%zu].uidMappings", i);
	snprintf(gids, sizeof(gids), "mounts[%zu].gidMappings", i);
	if (error_gather(err, check_mappings(&mount->uid_mappings, uids, err)) < 0)
		return -1;
	return check_mappings(&mount->gid_mappings, gids, err);
}

/*
 * A relative source is relative to the bundle, a relative destination to the root: an empty path
 * would mean the whole bundle or root.  The mount plan refuses a bind mount without a source.
 */
static int check_mount_paths(const struct config_mount *mount, size_t i, struct error *err)
{
	char path[PATH_ROOM];

	if (!*mount->destination &&
	    error_gather(err, error_set(err, 0, "mounts[%zu].destination: is empty", i)) < 0)
		return -1;
	snprintf(path, sizeof(path), "mounts[%zu].destination", i);
	if (error_gather(err, check_path_length(mount->destination, path, err)) < 0)
		return -1;
	if (mount->kind != MOUNT_KIND_BIND || !mount->source)
		return 0;
	snprintf(path, sizeof(path), "mounts[%zu].source", i);
	return *mount->source ? check_path_length(mount->source, path, err)
			      : error_set(err, 0, "%s: is empty", path);
}

static int check_all_mounts(const struct container_config *config, struct error *err)
{
	for (size_t i = 0; i < config->mounts.count; i++) {
		const struct config_mount *mount = &config->mounts.items[i];

		if (error_gather(err, check_mount_paths(mount, i, err)) < 0 ||
		    error_gather(err, check_mount_mappings(mount, i, err)) < 0)
			return -1;
	}
	return 0;
}

static int check_hooks_of(const struct config_hooks *all, enum config_hook_kind kind,
			  struct error *err)
{
	const config_hook_list *hooks = &all->lists[kind];
	const char *name = config_hook_name(kind);

	for (size_t i = 0; i < hooks->count; i++) {
		char path[PATH_ROOM];

		snprintf(path, sizeof(path), "hooks.%s[%zu].path", name, i);
		if (error_gather(err, check_absolute(hooks->items[i].path, path, err)) < 0)
			return -1;
		snprintf(path, sizeof(path), "hooks.%s[%zu].args", name, i);
		if (check_string_lengths(&hooks->items[i].args, path, err) < 0)
			return -1;
		snprintf(path, sizeof(path), "hooks.%s[%zu].env", name, i);
		if (check_env(&hooks->items[i].env, path, err) < 0)
			return -1;
	}
	return 0;
}

int config_check(const struct container_config *config, struct error *err)
{
	if (error_gather(err, check_version_and_root(config, err)) < 0)
		return -1;
	if (config->process &&
	    error_gather(err, config_check_process(config->process, "process.", err)) < 0)
		return -1;
	if (error_gather(err, config_check_namespaces(config, err)) < 0 ||
	    error_gather(err, check_uts_name(config, config->hostname, "hostname", err)) < 0 ||
	    error_gather(err, check_uts_name(config, config->domainname, "domainname", err)) < 0 ||
	    error_gather(err, check_all_mounts(config, err)) < 0)
		return -1;
	for (int kind = 0; config->hooks && kind < HOOK_KINDS; kind++)
		if (error_gather(err, check_hooks_of(config->hooks, (enum config_hook_kind)kind,
						     err)) < 0)
			return -1;
	if (error_gather(err, config_check_linux(config, err)) < 0)
		return -1;
	for (size_t i = 0; i < config->annotations.count; i++)
		if (config->annotations.items[i].name[0] == '\0')
			return error_set(err, 0, "annotations: a key is empty");
	return 0;
}
