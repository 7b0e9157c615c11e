// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/spec/spec_keep_id.h"

#include <inttypes.h>

#include "core/base/number.h"
#include "core/base/str.h"
#include "core/spec/spec_steps.h"

struct keep_id {
	struct opt_u64 uid, gid;
	struct opt_u64 size; /* ids in all */
};

static int parse_keep_id_word(const char *text, char *word, struct keep_id *keep, struct error *err)
{
	char *value = word, *name = strsep(&value, "=");
	struct opt_u64 *place = str_equal(name, "uid")	  ? &keep->uid
				: str_equal(name, "gid")  ? &keep->gid
				: str_equal(name, "size") ? &keep->size
							  : NULL;
	uint32_t number;

	if (!place)
		return error_set(err, 0,
				 "--userns %s: unknown option '%s': expected uid=, gid= or "
				 "size=",
				 text, name);
	if (!value || number_parse_u32(value, UINT32_MAX - 1, &number) < 0)
		return error_set(err, 0, "--userns %s: %s must be a number, not '%s'", text, name,
				 value ? value : "");
	*place = (struct opt_u64){ true, number };
	return 0;
}

static int parse_keep_id(const char *text, struct keep_id *keep, struct error *err)
{
	autofree char *copy = str_dup(text);
	char *rest = copy;

	if (!str_equal(strsep(&rest, ":"), "keep-id"))
		return spec_refuse("userns", text, "only keep-id is supported", err);
	for (char *word; (word = strsep(&rest, ","));)
		if (parse_keep_id_word(text, word, keep, err) < 0)
			return -1;
	if (keep->size.set && keep->size.value == 0)
		return spec_refuse("userns", text, "size must be above 0", err);
	return 0;
}

/*
 * The outer ids that are given out, one range after the other.  Range 0 is the caller's own id and
 * is never given out here.
 */
struct supply {
	const config_id_mappings *ranges;
	size_t index;  /* the range that the next id is taken from */
	uint64_t used; /* ids of that range that were given out */
	uint64_t left; /* ids that may be given out, of all ranges */
};

/* Maps @count inner ids from @inner on, or as many as are left. */
static void map_supplied(struct supply *supply, uint64_t inner, uint64_t count, struct arena *arena,
			 config_id_mappings *map)
{
	while (count > 0 && supply->left > 0) {
		const struct config_id_mapping *range = &supply->ranges->items[supply->index];
		uint64_t size = range->count.value - supply->used;

		size = size < count ? size : count;
		size = size < supply->left ? size : supply->left;
		map->items = arena_grow(arena, map->items, map->count, sizeof(*map->items));
		map->items[map->count++] = (struct config_id_mapping){
			{ true, inner }, { true, range->outer.value + supply->used }, { true, size }
		};
		inner += size;
		count -= size;
		supply->left -= size;
		supply->used += size;
		if (supply->used == range->count.value) {
			supply->index++;
			supply->used = 0;
		}
	}
}

/* Is @map an ordinary user's default one: the own id becomes 0, and the subids follow? */
static bool begins_with_own(const config_id_mappings *map, uint64_t own)
{
	return map->count > 0 && map->items[0].inner.value == 0 &&
	       map->items[0].outer.value == own && map->items[0].count.value == 1;
}

/* The outer id @own becomes @inner, with the subids on both sides of it. */
static void keep_own_id(uint64_t own, uint64_t inner, const struct opt_u64 *size,
			struct arena *arena, config_id_mappings *mappings)
{
	struct supply supply = { .ranges = mappings, .index = 1 };
	config_id_mappings map = { 0 };

	for (size_t i = 1; i < mappings->count; i++)
		supply.left += mappings->items[i].count.value;
	if (size->set && size->value - 1 < supply.left)
		supply.left = size->value - 1;
	map_supplied(&supply, 0, inner, arena, &map);
	map.items = arena_grow(arena, map.items, map.count, sizeof(*map.items));
	map.items[map.count++] =
		(struct config_id_mapping){ { true, inner }, { true, own }, { true, 1 } };
	map_supplied(&supply, inner + 1, UINT32_MAX - (inner + 1), arena, &map);
	*mappings = map;
}

int spec_keep_id(const char *text, const struct spec_caller *caller,
		 struct container_config *config, struct error *err)
{
	config_id_mappings *uids = &config->linux->uid_mappings;
	config_id_mappings *gids = &config->linux->gid_mappings;
	struct keep_id asked = { 0 };
	uint64_t uid, gid;

	if (parse_keep_id(text, &asked, err) < 0)
		return -1;
	uid = asked.uid.set ? asked.uid.value : caller->uid;
	gid = asked.gid.set ? asked.gid.value : caller->gid;
	if (begins_with_own(uids, caller->uid) && begins_with_own(gids, caller->gid)) {
		keep_own_id(caller->uid, uid, &asked.size, &config->arena, uids);
		keep_own_id(caller->gid, gid, &asked.size, &config->arena, gids);
	} else if (asked.size.set)
		return spec_refuse("userns", text,
				   "size needs ids from /etc/subuid and /etc/subgid", err);
	config->process->user->uid = (struct opt_u64){ true, uid };
	config->process->user->gid = (struct opt_u64){ true, gid };
	return 0;
}
