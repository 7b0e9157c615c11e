// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include "core/config/change.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/str.h"

void config_list_add(struct arena *arena, struct str_list *list, const char *text)
{
	list->items = arena_grow(arena, list->items, list->count, sizeof(*list->items));
	list->items[list->count++] = arena_str(arena, text);
}

struct config_mount *config_add_mount(struct container_config *config, const char *destination,
				      const char *type, const char *source)
{
	struct arena *arena = &config->arena;
	struct config_mount *mount;

	config->mounts.items = arena_grow(arena, config->mounts.items, config->mounts.count,
					  sizeof(*config->mounts.items));
	mount = &config->mounts.items[config->mounts.count++];
	*mount = (struct config_mount){
		.destination = arena_str(arena, destination),
		.type = arena_str(arena, type),
		.source = arena_str(arena, source),
	};
	config_mount_set_kind(mount);
	return mount;
}

const char *config_shared_with(const char *text)
{
	static const char prefix[] = "container:";

	return text && str_starts_with(text, prefix) ? text + sizeof(prefix) - 1 : NULL;
}

struct config_mount *config_find_mount(const struct container_config *config,
				       const char *destination)
{
	for (size_t i = 0; i < config->mounts.count; i++)
		if (str_equal(config->mounts.items[i].destination, destination))
			return &config->mounts.items[i];
	return NULL;
}

void config_add_namespace(struct container_config *config, enum config_namespace_type type)
{
	struct config_linux *linux = config->linux;

	linux->namespaces.items =
		arena_grow(&config->arena, linux->namespaces.items, linux->namespaces.count,
			   sizeof(*linux->namespaces.items));
	linux->namespaces.items[linux->namespaces.count++] =
		(struct config_namespace){ .type = type };
}

void config_remove_namespace(struct container_config *config, struct config_namespace *ns)
{
	struct config_linux *linux = config->linux;
	size_t index = (size_t)(ns - linux->namespaces.items);

	memmove(ns, ns + 1, (linux->namespaces.count - index - 1) * sizeof(*ns));
	linux->namespaces.count--;
}

void config_set_env(struct container_config *config, const char *name, const char *value)
{
	struct str_list *env = &config->process->env;
	char *entry = arena_strf(&config->arena, "%s=%s", name, value);
	size_t length = strlen(name) + 1;

	for (size_t i = 0; i < env->count; i++)
		if (strncmp(env->items[i], entry, length) == 0) {
			env->items[i] = entry;
			return;
		}
	config_list_add(&config->arena, env, entry);
}

void config_set_annotation(struct container_config *config, const char *name, const char *value)
{
	str_map *map = &config->annotations;

	for (size_t i = 0; i < map->count; i++)
		if (str_equal(map->items[i].name, name)) {
			map->items[i].value = arena_str(&config->arena, value);
			return;
		}
	map->items = arena_grow(&config->arena, map->items, map->count, sizeof(*map->items));
	map->items[map->count].name = arena_str(&config->arena, name);
	map->items[map->count++].value = arena_str(&config->arena, value);
}

void config_remove_annotation(struct container_config *config, const char *name)
{
	str_map *map = &config->annotations;
	size_t kept = 0;

	for (size_t i = 0; i < map->count; i++)
		if (!str_equal(map->items[i].name, name))
			map->items[kept++] = map->items[i];
	map->count = kept;
}
