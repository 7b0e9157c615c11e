// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include <inttypes.h>
#include <string.h>

#include "core/base/number.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/spec/spec_keep_id.h"
#include "core/spec/spec_owner.h"
#include "core/spec/spec_steps.h"

static int parse_mapping(const char *option, const char *text,
			 struct config_id_mapping *ret_mapping, struct error *err)
{
	autofree char *copy = str_dup(text);
	char *rest = copy;
	struct opt_u64 *parts[] = { &ret_mapping->inner, &ret_mapping->outer, &ret_mapping->count };

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		char *number = strsep(&rest, ":");

		if (!number || number_parse_u64(number, UINT32_MAX, &parts[i]->value) < 0)
			return spec_refuse(option, text, "expected CONTAINER:HOST:COUNT", err);
		parts[i]->set = true;
	}
	return rest ? spec_refuse(option, text, "expected CONTAINER:HOST:COUNT", err) : 0;
}

/* The mappings of the options replace the default ones, which stay if no option is given. */
static int set_mappings(const char *option, const struct str_list *texts, struct arena *arena,
			config_id_mappings *mappings, struct error *err)
{
	if (texts->count == 0)
		return 0;
	*mappings = (config_id_mappings){
		.items = arena_alloc(arena, texts->count * sizeof(*mappings->items)),
		.count = texts->count,
	};
	for (size_t i = 0; i < texts->count; i++)
		if (parse_mapping(option, texts->items[i], &mappings->items[i], err) < 0)
			return -1;
	return 0;
}

/*
 * Programs in the host's own system run as the caller, as people expect of a sandbox, unless an option
 * asks for other ids: --user root makes the caller root, to try `make install` for example.
 */
static bool is_sandbox(const struct spec_options *options, const struct spec_caller *caller,
		       const struct container_config *config)
{
	return spec_root_is_host(config) && !options->userns && options->uid_maps.count == 0 &&
	       options->gid_maps.count == 0 &&
	       (!options->user || spec_account_is_caller(options->user, caller));
}

/* The ids are another container's then: spec_apply_namespaces() refuses the options about ids. */
static bool joins_container(const struct spec_options *options)
{
	return config_shared_with(options->network) || config_shared_with(options->pid) ||
	       config_shared_with(options->ipc) || config_shared_with(options->uts);
}

/*
 * A user by number whom a container with one id hasn't.  Names are looked up in the container, and
 * init finds the same.
 */
static int check_only_uid(const struct spec_options *options, const struct container_config *config,
			  struct error *err)
{
	const config_id_mappings *map = &config->linux->uid_mappings;
	autofree char *user = str_dup_n(options->user, strcspn(options->user, ":"));
	uint32_t uid;

	if (map->count != 1 || map->items[0].count.value != 1 ||
	    number_parse_u32(user, UINT32_MAX - 1, &uid) < 0 || uid == map->items[0].inner.value)
		return 0;
	error_set(err, 0, "--user %s: the container has no uid but %" PRIu64, options->user,
		  map->items[0].inner.value);
	return error_hint(err,
			  "--userns keep-id:uid=%" PRIu32 " makes its uid %" PRIu32
			  "; more ids need subids (urun doctor says how)",
			  uid, uid);
}

int spec_apply_ids(const struct spec_options *options, const struct spec_caller *caller,
		   struct spec_account *account, struct container_config *config, struct error *err)
{
	struct config_linux *linux = config->linux;
	struct arena *arena = &config->arena;

	if (joins_container(options))
		return 0;
	if (options->userns && (options->uid_maps.count || options->gid_maps.count))
		return error_set(err, 0,
				 "--userns keep-id can't be combined with --uidmap or --gidmap");
	if (options->userns) {
		if (spec_keep_id(options->userns, caller, config, err) < 0)
			return -1;
		spec_account_of_caller(caller, config, account);
	} else if (is_sandbox(options, caller, config)) {
		if (spec_keep_id("keep-id", caller, config, err) < 0)
			return -1;
		spec_account_of_sandbox(caller, config, account);
	} else if (options->uid_maps.count == 0 && options->gid_maps.count == 0)
		spec_map_owner_of_root(caller, config);
	if (set_mappings("uidmap", &options->uid_maps, arena, &linux->uid_mappings, err) < 0 ||
	    set_mappings("gidmap", &options->gid_maps, arena, &linux->gid_mappings, err) < 0)
		return -1;
	return options->user && !account->keep_id ? check_only_uid(options, config, err) : 0;
}
