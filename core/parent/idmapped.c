// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/parent/idmapped.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mount.h>

#include "core/base/fd.h"
#include "core/sync/pipe.h"

void idmapped_release(struct idmapped_list *list)
{
	for (size_t i = 0; i < list->trees.count; i++)
		fd_close(&list->trees.items[i].tree);
	free(list->trees.items);
	*list = (struct idmapped_list){ 0 };
}

/* Links that are to be copied, and directories of the container's own, are init's matter. */
static bool is_idmapped_volume(const struct mount_step *step)
{
	unsigned int traits = step->options.traits;

	return step->kind == MOUNT_KIND_BIND && (traits & MOUNT_TRAIT_IDMAP) &&
	       !(traits & (MOUNT_TRAIT_OWN | MOUNT_TRAIT_COPY_SYMLINK));
}

/* The plan has the ids of the container's user namespace; here they are those of ours. */
static int map_outside(const char *text, const struct idmap *container, struct idmap *ret_map)
{
	if (!text) {
		*ret_map = *container;
		return 0;
	}
	if (idmap_parse(text, strlen(text), ret_map) < 0)
		return -EINVAL;
	for (size_t i = 0; i < ret_map->count; i++)
		if (idmap_to_outer(container, ret_map->ranges[i].outer, &ret_map->ranges[i].outer) <
		    0)
			return -ERANGE;
	return 0;
}

static int open_mapping(const struct mount_step *step, const struct userns_plan *userns,
			int *ret_fd, struct error *err)
{
	autofree struct userns_plan *plan = mem_alloc(sizeof(*plan));

	*plan = (struct userns_plan){ .mode = USERNS_DIRECT,
				      .setgroups_allowed = true,
				      .host = userns->host };
	if (map_outside(step->uid_map, &userns->uids, &plan->uids) < 0 ||
	    map_outside(step->gid_map, &userns->gids, &plan->gids) < 0)
		return error_set(err, 0, "idmap: the ids have no place in the container's mapping");
	return userns_open(plan, ret_fd, err);
}

/*
 * ORDER: a slave before init gets it.  Else a mount that the container makes in the tree would appear on
 * the host, since this tree isn't in the mount namespace whose mounts init makes slaves.
 */
static int open_tree_of(const struct mount_step *step, const struct userns_plan *userns,
			int *ret_fd, struct error *err)
{
	unsigned int traits = step->options.traits;
	unsigned int all = traits & MOUNT_TRAIT_RECURSIVE ? AT_RECURSIVE : 0;
	unsigned int mapped = traits & MOUNT_TRAIT_IDMAP_RECURSIVE ? AT_RECURSIVE : 0;
	unsigned int link = traits & MOUNT_TRAIT_SRC_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0;
	struct mount_attr slave = { .propagation = MS_SLAVE };
	struct mount_attr map = { .attr_set = MOUNT_ATTR_IDMAP };
	autoclose int mapping = -1, tree = -1;

	if (open_mapping(step, userns, &mapping, err) < 0)
		return -1;
	tree = open_tree(AT_FDCWD, step->source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | all | link);
	if (tree < 0)
		return error_set(err, errno, "open %s", step->source);
	map.userns_fd = (uint64_t)mapping;
	if (mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &slave, sizeof(slave)) < 0 ||
	    mount_setattr(tree, "", AT_EMPTY_PATH | mapped, &map, sizeof(map)) < 0)
		return error_set(err, errno, "idmap");
	*ret_fd = take_fd(&tree);
	return 0;
}

static int open_all(const struct mount_plan *plan, const struct userns_plan *userns,
		    struct idmapped_list *list, struct error *err)
{
	for (size_t i = 0; i < plan->steps.count; i++) {
		const struct mount_step *step = &plan->steps.items[i];
		int tree = -1;

		if (!is_idmapped_volume(step))
			continue;
		if (open_tree_of(step, userns, &tree, err) < 0)
			return error_prefix(err, "mount %s on %s", step->source, step->destination);
		list->trees.items = mem_resize(list->trees.items, list->trees.count + 1,
					       sizeof(*list->trees.items));
		list->trees.items[list->trees.count++] = (struct idmapped){ (uint32_t)i, tree };
	}
	return 0;
}

int idmapped_open(const struct mount_plan *plan, const struct userns_plan *userns,
		  const struct userns_caller *caller, struct idmapped_list *ret_list,
		  struct error *err)
{
	struct idmapped_list list = { 0 };

	if (userns->is_host)
		return 0;
	if (userns_caller_is_host_root(caller) && open_all(plan, userns, &list, err) < 0) {
		idmapped_release(&list);
		return -1;
	}
	*ret_list = list;
	return 0;
}

int idmapped_send(const struct idmapped_list *list, int sync_fd, struct error *err)
{
	for (size_t i = 0; i < list->trees.count; i++) {
		const struct idmapped *item = &list->trees.items[i];

		if (pipe_send(sync_fd, MESSAGE_TREE, &item->step, sizeof(item->step), &item->tree,
			      1, err) < 0)
			return -1;
	}
	return 0;
}
