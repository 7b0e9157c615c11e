// SPDX-License-Identifier: Apache-2.0
#include "core/config/check.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "core/base/str.h"

/* __NEW_UTS_LEN of the kernel: sethostname(2), setdomainname(2). */
#define UTS_NAME_MAX 64
/* UID_GID_MAP_MAX_EXTENTS of the kernel: user_namespaces(7). */
#define MAPPINGS_MAX 340
#define PATH_ROOM    128

bool check_is_one_of(const char *value, const char *const *names)
{
	for (; *names; names++)
		if (strcmp(value, *names) == 0)
			return true;
	return false;
}

int check_path_length(const char *value, const char *path, struct error *err)
{
	if (strlen(value) >= PATH_MAX)
		return error_set(err, 0, "%s: longer than %d bytes, which no path is", path,
				 PATH_MAX - 1);
	for (const char *name = value; *name;) {
		size_t length = strcspn(name, "/");

		if (length > NAME_MAX)
			return error_set(err, 0,
					 "%s: a name in it is longer than %d bytes, which none is",
					 path, NAME_MAX);
		name += length + (name[length] == '/');
	}
	return 0;
}

int check_absolute(const char *value, const char *path, struct error *err)
{
	if (value[0] != '/')
		return error_set(err, 0, "%s: \"%s\" must be an absolute path", path, value);
	return check_path_length(value, path, err);
}

/* MAX_ARG_STRLEN of the kernel. Source: execve(2). */
static size_t string_max(void)
{
	return 32 * (size_t)sysconf(_SC_PAGESIZE) - 1;
}

int check_string_lengths(const str_list *strings, const char *path, struct error *err)
{
	for (size_t i = 0; i < strings->count; i++)
		if (strlen(strings->items[i]) > string_max() &&
		    error_gather(
			    err,
			    error_set(err, 0,
				      "%s[%zu]: longer than %zu bytes, which execve(2) refuses",
				      path, i, string_max())) < 0)
			return -1;
	return 0;
}

int check_absolute_list(const str_list *values, const char *path, struct error *err)
{
	char at[PATH_ROOM];

	for (size_t i = 0; i < values->count; i++) {
		snprintf(at, sizeof(at), "%s[%zu]", path, i);
		if (error_gather(err, check_absolute(values->items[i], at, err)) < 0)
			return -1;
	}
	return 0;
}

/* The values of variables are secrets at times: errors don't show them. */
static int check_variable(const char *text, const char *path, size_t i, struct error *err)
{
	const char *equals = strchr(text, '=');

	if (!equals)
		return error_set(err, 0, "%s[%zu]: must be NAME=value: there is no '='", path, i);
	if (equals == text)
		return error_set(err, 0, "%s[%zu]: must be NAME=value: the name is empty", path, i);
	return 0;
}

int check_env(const str_list *env, const char *path, struct error *err)
{
	for (size_t i = 0; i < env->count; i++)
		if (error_gather(err, check_variable(env->items[i], path, i, err)) < 0)
			return -1;
	return check_string_lengths(env, path, err);
}

static bool ranges_overlap(uint64_t a, uint64_t a_count, uint64_t b, uint64_t b_count)
{
	return a < b + b_count && b < a + a_count;
}

static int check_mapping(const config_id_mappings *mappings, size_t i, const char *path,
			 struct error *err)
{
	const struct config_id_mapping *mapping = &mappings->items[i];
	uint64_t count = mapping->count.value;

	if (count == 0)
		return error_set(err, 0, "%s[%zu].size: must be above 0", path, i);
	/* The last id may be UINT32_MAX - 1. */
	if (mapping->inner.value + count > UINT32_MAX)
		return error_set(err, 0, "%s[%zu]: containerID and size go beyond the last id",
				 path, i);
	if (mapping->outer.value + count > UINT32_MAX)
		return error_set(err, 0, "%s[%zu]: hostID and size go beyond the last id", path, i);
	for (size_t j = 0; j < i; j++) {
		const struct config_id_mapping *other = &mappings->items[j];

		if (ranges_overlap(mapping->inner.value, count, other->inner.value,
				   other->count.value))
			return error_set(err, 0, "%s[%zu]: containerID overlaps that of %s[%zu]",
					 path, i, path, j);
		if (ranges_overlap(mapping->outer.value, count, other->outer.value,
				   other->count.value))
			return error_set(err, 0, "%s[%zu]: hostID overlaps that of %s[%zu]", path,
					 i, path, j);
	}
	return 0;
}

int check_mappings(const config_id_mappings *mappings, const char *path, struct error *err)
{
	if (mappings->count > MAPPINGS_MAX)
		return error_set(err, 0, "%s: %zu mappings: the kernel takes %d", path,
				 mappings->count, MAPPINGS_MAX);
	for (size_t i = 0; i < mappings->count; i++)
		if (error_gather(err, check_mapping(mappings, i, path, err)) < 0)
			return -1;
	return 0;
}

/* A number of SemVer, without leading zeros.  Returns what follows, or NULL. */
static const char *skip_number(const char *text)
{
	size_t length = strspn(text, "0123456789");

	if (length == 0 || (length > 1 && text[0] == '0'))
		return NULL;
	return text + length;
}

/* Identifiers of SemVer with dots between them, none empty.  Returns what follows, or NULL. */
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

static int check_version(const struct container_config *config, struct error *err)
{
	if (!is_version_1(config->oci_version))
		return error_set(
			err, 0,
			"ociVersion: \"%s\" isn't a version 1.x.y that we know (we have " CONFIG_SPEC_VERSION
			")",
			config->oci_version);
	return 0;
}

static int check_root(const struct container_config *config, struct error *err)
{
	return config->root->path[0] ? check_path_length(config->root->path, "root.path", err)
				     : error_set(err, 0, "root.path: is empty");
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
 * A relative source is the bundle's, a relative destination is the root's: an empty one would be the
 * whole of it.  A bind mount without any source is refused by the mount plan.
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
	if (!config_mount_is_bind(mount) || config_mount_has(mount, "remount") || !mount->source)
		return 0;
	snprintf(path, sizeof(path), "mounts[%zu].source", i);
	return *mount->source ? check_path_length(mount->source, path, err)
			      : error_set(err, 0, "%s: is empty", path);
}

static int check_mounts(const struct container_config *config, struct error *err)
{
	for (size_t i = 0; i < config->mounts.count; i++) {
		const struct config_mount *mount = &config->mounts.items[i];

		if (error_gather(err, check_mount_paths(mount, i, err)) < 0 ||
		    error_gather(err, check_mount_mappings(mount, i, err)) < 0)
			return -1;
	}
	return 0;
}

static int check_hook_list(const config_hook_list *hooks, const char *name, struct error *err)
{
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

static int check_hooks(const struct config_hooks *hooks, struct error *err)
{
	if (check_hook_list(&hooks->prestart, "prestart", err) < 0 ||
	    check_hook_list(&hooks->create_runtime, "createRuntime", err) < 0 ||
	    check_hook_list(&hooks->create_container, "createContainer", err) < 0 ||
	    check_hook_list(&hooks->start_container, "startContainer", err) < 0 ||
	    check_hook_list(&hooks->poststart, "poststart", err) < 0)
		return -1;
	return check_hook_list(&hooks->poststop, "poststop", err);
}

static int check_annotations(const struct container_config *config, struct error *err)
{
	for (size_t i = 0; i < config->annotations.count; i++)
		if (config->annotations.items[i].name[0] == '\0')
			return error_set(err, 0, "annotations: a key is empty");
	return 0;
}

int config_check(const struct container_config *config, struct error *err)
{
	if (error_gather(err, check_version(config, err)) < 0 ||
	    error_gather(err, check_root(config, err)) < 0)
		return -1;
	if (config->process &&
	    error_gather(err, config_check_process(config->process, "process.", err)) < 0)
		return -1;
	if (error_gather(err, config_check_namespaces(config, err)) < 0 ||
	    error_gather(err, check_uts_name(config, config->hostname, "hostname", err)) < 0 ||
	    error_gather(err, check_uts_name(config, config->domainname, "domainname", err)) < 0 ||
	    error_gather(err, check_mounts(config, err)) < 0 ||
	    (config->hooks && error_gather(err, check_hooks(config->hooks, err)) < 0) ||
	    error_gather(err, config_check_linux(config, err)) < 0)
		return -1;
	return check_annotations(config, err);
}
