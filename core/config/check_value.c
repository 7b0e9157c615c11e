// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include "core/config/check_value.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "core/base/str.h"

/* UID_GID_MAP_MAX_EXTENTS of the kernel: user_namespaces(7). */
#define MAPPINGS_MAX 340
#define PATH_ROOM    128

int check_path_length(const char *value, const char *path, struct error *err)
{
	if (strlen(value) >= PATH_MAX)
		return error_set(err, 0, "%s: longer than %d bytes, the most for a path", path,
				 PATH_MAX - 1);
	for (const char *name = value; *name;) {
		size_t length = strcspn(name, "/");

		if (length > NAME_MAX)
			return error_set(err, 0, "%s: a name in it has more than %d bytes", path,
					 NAME_MAX);
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

int check_string_lengths(const struct str_list *strings, const char *path, struct error *err)
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

int check_absolute_list(const struct str_list *values, const char *path, struct error *err)
{
	char at[PATH_ROOM];

	for (size_t i = 0; i < values->count; i++) {
		snprintf(at, sizeof(at), "%s[%zu]", path, i);
		if (error_gather(err, check_absolute(values->items[i], at, err)) < 0)
			return -1;
	}
	return 0;
}

/* The error doesn't show the value, which may be a secret. */
static int check_env_entry(const char *text, const char *path, size_t i, struct error *err)
{
	const char *equals = strchr(text, '=');

	if (!equals)
		return error_set(err, 0, "%s[%zu]: must be NAME=value: there is no '='", path, i);
	if (equals == text)
		return error_set(err, 0, "%s[%zu]: must be NAME=value: the name is empty", path, i);
	return 0;
}

int check_env(const struct str_list *env, const char *path, struct error *err)
{
	for (size_t i = 0; i < env->count; i++)
		if (error_gather(err, check_env_entry(env->items[i], path, i, err)) < 0)
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
