// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "core/base/str.h"
#include "core/config/check.h"
#include "core/config/check_value.h"

#define PATH_ROOM 64

static int check_namespace(const struct config_linux *linux, size_t i, struct error *err)
{
	const struct config_namespace *namespace = &linux->namespaces.items[i];
	char path[PATH_ROOM];

	for (size_t j = 0; j < i; j++)
		if (linux->namespaces.items[j].type == namespace->type)
			return error_set(
				err, 0,
				"linux.namespaces[%zu].type: %s was given before, in namespaces[%zu]",
				i,
				config_namespace_name((enum config_namespace_type) namespace->type),
				j);
	if (!namespace->path)
		return 0;
	snprintf(path, sizeof(path), "linux.namespaces[%zu].path", i);
	return check_absolute(namespace->path, path, err);
}

static int check_user_namespace(const struct container_config *config, struct error *err)
{
	const struct config_namespace *user = config_find_namespace(config, CONFIG_NS_USER);
	const config_id_mappings *uids = &config->linux->uid_mappings;
	const config_id_mappings *gids = &config->linux->gid_mappings;
	const char *first = uids->count ? "linux.uidMappings" : "linux.gidMappings";

	if (error_gather(err, check_mappings(uids, "linux.uidMappings", err)) < 0 ||
	    error_gather(err, check_mappings(gids, "linux.gidMappings", err)) < 0)
		return -1;
	if (uids->count == 0 && gids->count == 0)
		return 0;
	if (!user)
		return error_set(err, 0, "%s: needs a user namespace in linux.namespaces", first);
	if (uids->count == 0)
		return error_set(err, 0, "linux.uidMappings: missing, as there are gidMappings");
	if (gids->count == 0)
		return error_set(err, 0, "linux.gidMappings: missing, as there are uidMappings");
	return 0;
}

static int check_time_offsets(const struct container_config *config, struct error *err)
{
	static const char *const clocks[] = { "monotonic", "boottime", NULL };
	const struct config_namespace *time = config_find_namespace(config, CONFIG_NS_TIME);
	const struct config_linux *linux = config->linux;

	if (linux->time_offsets.count == 0)
		return 0;
	if (!time)
		return error_set(err, 0,
				 "linux.timeOffsets: needs a time namespace in linux.namespaces");
	if (time->path)
		return error_set(
			err, 0,
			"linux.timeOffsets: the time namespace %s that is joined has its offsets already",
			time->path);
	for (size_t i = 0; i < linux->time_offsets.count; i++)
		if (str_find(clocks, linux->time_offsets.items[i].clock) < 0)
			return error_set(
				err, 0,
				"linux.timeOffsets: \"%s\" is no clock with an offset: monotonic or boottime",
				linux->time_offsets.items[i].clock);
	return 0;
}

int config_check_namespaces(const struct container_config *config, struct error *err)
{
	const struct config_linux *linux = config->linux;

	for (size_t i = 0; i < linux->namespaces.count; i++)
		if (error_gather(err, check_namespace(linux, i, err)) < 0)
			return -1;
	if (!config_find_namespace(config, CONFIG_NS_MOUNT) &&
	    error_gather(err, error_set(err, 0, "linux.namespaces: must have a mount namespace")) <
		    0)
		return -1;
	if (error_gather(err, check_user_namespace(config, err)) < 0)
		return -1;
	return check_time_offsets(config, err);
}
