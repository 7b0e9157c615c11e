// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/parent/umoci.h"

#include "core/base/arena.h"
#include "core/base/fd.h"
#include "core/base/json_tree.h"
#include "core/base/log.h"
#include "core/base/path.h"
#include "core/base/str.h"

#define UMOCI_SIZE_MAX ((size_t)1 << 20)

static const struct json_node *umoci_member(const struct json_node *object, const char *key)
{
	if (!object || object->type != JSON_TYPE_OBJECT)
		return NULL;
	for (const struct json_node *member = object->first; member; member = member->next)
		if (str_equal(member->key, key))
			return member;
	return NULL;
}

static bool was_rootless(const char *bundle)
{
	autofree char *path = path_join(bundle, "umoci.json");
	autofree char *text = NULL;
	struct error ignored = ERROR_NONE;
	const struct json_node *rootless = NULL;
	struct json_node *root = NULL;
	struct arena arena = { 0 };
	bool result;
	size_t size;

	if (fd_read_file(path, UMOCI_SIZE_MAX, &text, &size) < 0)
		return false;
	if (json_tree_parse(text, size, JSON_TEXT_UTF8, &arena, &root, &ignored) == 0)
		rootless = umoci_member(umoci_member(root, "map_options"), "rootless");
	result = rootless && rootless->type == JSON_TYPE_BOOL && rootless->truth;
	arena_release(&arena);
	return result;
}

void umoci_warn(const char *bundle, const struct container_config *config)
{
	const config_id_mappings *uids = &config->linux->uid_mappings;

	if (uids->count != 1 || uids->items[0].count.value != 1 || !was_rootless(bundle))
		return;
	log_warning("the config is the one of `umoci unpack --rootless`: with one id, few "
		    "capabilities and the host's network, most images don't run (hint: urun run "
		    "--rootfs %s has all your ids and a network of its own)",
		    config->root->path);
}
