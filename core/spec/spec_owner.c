// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/spec/spec_owner.h"

#include <inttypes.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "core/base/arena.h"
#include "core/base/log.h"

/* Is @map an ordinary user's default one, with subids: the own id becomes 0, and the subids follow? */
static bool has_subids_behind_own(const config_id_mappings *map, uint64_t own)
{
	return map->count > 1 && map->items[0].inner.value == 0 &&
	       map->items[0].outer.value == own && map->items[0].count.value == 1;
}

/* The subids from 0 on, in the order of their ranges; then the own id. */
static void map_subids_first(config_id_mappings *map, struct arena *arena)
{
	config_id_mappings result = {
		.items = arena_alloc(arena, map->count * sizeof(*map->items)),
		.count = map->count,
	};
	uint64_t inner = 0;

	for (size_t i = 0; i < map->count; i++) {
		struct config_id_mapping *range = &result.items[i];

		*range = map->items[(i + 1) % map->count];
		range->inner = (struct opt_u64){ true, inner };
		inner += range->count.value;
	}
	*map = result;
}

/* The range of @map with the outer @id, or NULL. */
static const struct config_id_mapping *find_range(const config_id_mappings *map, uint64_t id)
{
	for (size_t i = 0; i < map->count; i++) {
		const struct config_id_mapping *range = &map->items[i];

		if (id >= range->outer.value && id - range->outer.value < range->count.value)
			return range;
	}
	return NULL;
}

static void warn_of_owner(const struct container_config *config, const struct stat *st)
{
	const struct config_id_mapping *uids = find_range(&config->linux->uid_mappings, st->st_uid);
	const struct config_id_mapping *gids = find_range(&config->linux->gid_mappings, st->st_gid);
	uint64_t inner;

	if (!uids || !gids)
		return;
	inner = uids->inner.value + (st->st_uid - uids->outer.value);
	if (inner == 0)
		return;
	log_warning("the root file system %s belongs to your subid %u, which is uid %" PRIu64
		    " in the container, not root (hint: --uidmap 0:%u:%" PRIu64
		    " --gidmap 0:%u:%" PRIu64 " makes it root's)",
		    config->root->path, st->st_uid, inner, st->st_uid,
		    uids->count.value - (st->st_uid - uids->outer.value), st->st_gid,
		    gids->count.value - (st->st_gid - gids->outer.value));
}

void spec_map_owner_of_root(const struct spec_caller *caller, struct container_config *config)
{
	config_id_mappings *uids = &config->linux->uid_mappings;
	config_id_mappings *gids = &config->linux->gid_mappings;
	struct stat st;

	if (!has_subids_behind_own(uids, caller->uid) ||
	    !has_subids_behind_own(gids, caller->gid) || stat(config->root->path, &st) < 0 ||
	    st.st_uid == caller->uid)
		return;
	if (st.st_uid != uids->items[1].outer.value) {
		warn_of_owner(config, &st);
		return;
	}
	log_debug(
		"the root file system belongs to the first subid: the subids are mapped from 0 on");
	map_subids_first(uids, &config->arena);
	map_subids_first(gids, &config->arena);
}
