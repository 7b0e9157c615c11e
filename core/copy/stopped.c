// SPDX-License-Identifier: Apache-2.0
// Runs in: an end of a copy.
#include "core/copy/stopped.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/base/mountinfo.h"
#include "core/base/path.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/config/layers.h"
#include "core/rootfs/overlay.h"
#include "core/rootfs/tree.h"

static int mount_stopped_root(const struct container_config *config, int *ret_root,
			      struct error *err)
{
	const char *where = config_annotation(config, CONFIG_ANNOTATION_OVERLAY);
	const char *path = config->root->path;
	autoclose int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	autoclose int tree = -1;
	bool in_memory = str_equal(where, CONFIG_OVERLAY_IN_MEMORY);
	int failed;

	if (dir < 0)
		return error_set(err, errno, "open the root file system %s", path);
	if (where && (!in_memory || config_has_layers(config))) {
		if (overlay_make(config, OVERLAY_KEPT, dir, &tree, err) < 0)
			return -1;
	} else {
		tree = mount_clone(dir, "", AT_RECURSIVE);
		if (tree < 0)
			return error_set(err, -tree, "copy the mount of %s", path);
	}
	/*
	 * What is written to memory would be lost, and what is below an overlay isn't the container's own: neither the
	 * directory nor what is mounted in it.
	 */
	if (in_memory || config->root->readonly) {
		failed =
			mount_change_attr(tree, in_memory ? AT_RECURSIVE : 0, MOUNT_ATTR_RDONLY, 0);
		if (failed < 0)
			return error_set(err, -failed, "make %s read-only", path);
	}
	failed = mount_attach(tree, dir);
	if (failed < 0)
		return error_set(err, -failed, "mount %s", path);
	*ret_root = take_fd(&tree);
	return 0;
}

/* "ro" is for the mount itself, or as a volume has it for those below it too. */
static int make_read_only(const struct mount_options *options, int tree)
{
	int result = 0;

	if (options->top.set & MOUNT_ATTR_RDONLY)
		result = mount_change_attr(tree, 0, MOUNT_ATTR_RDONLY, 0);
	if (result == 0 && (options->tree.set & MOUNT_ATTR_RDONLY))
		result = mount_change_attr(tree, AT_RECURSIVE, MOUNT_ATTR_RDONLY, 0);
	return result;
}

static int mount_bind(const struct config_mount *mount, int root)
{
	unsigned int recursive = mount->options.traits & MOUNT_TRAIT_RECURSIVE ? AT_RECURSIVE : 0;
	autoclose int tree = mount_clone_source(mount->source, -1, recursive);
	autoclose int target = -1;
	int result;

	if (tree < 0)
		return tree;
	if (mount->options.traits & MOUNT_TRAIT_IDMAP || mount->uid_mappings.count > 0)
		return -ENOTSUP;
	result = make_read_only(&mount->options, tree);
	if (result < 0)
		return result;
	target = path_open_in_root(root, mount->destination, O_PATH, 0);
	return target < 0 ? target : mount_attach(tree, target);
}

/* Is one of the two paths in the other? */
static bool are_related(const char *path, const char *destination)
{
	autofree char *a = path_clean(path), *b = path_clean(destination);

	return str_equal(a, "/") || path_is_in(a, b) || path_is_in(b, a);
}

/* The last mount that @path lies in; NULL: none. */
static const struct config_mount *find_mount_of(const struct container_config *config,
						const char *path)
{
	autofree char *clean = path_clean(path);
	const struct config_mount *found = NULL;

	for (size_t i = 0; i < config->mounts.count; i++) {
		autofree char *destination = path_clean(config->mounts.items[i].destination);

		if (path_is_in(clean, destination))
			found = &config->mounts.items[i];
	}
	return found;
}

/*
 * What urun bound there of the kernel's own, as the host's cgroups, and what was mounted in a file
 * system that ended with the container: neither is a volume.
 */
static bool is_volume(const struct container_config *config, const struct config_mount *mount)
{
	if (!config_mount_is_bind(mount) || !mount->source || path_is_in(mount->source, "/proc") ||
	    path_is_in(mount->source, "/sys"))
		return false;
	/*
	 * Lines that were added to the container's own file are in it, or ended with it; its own
	 * directories are in the root file system.
	 */
	if (mount->options.traits & (MOUNT_TRAIT_LINES | MOUNT_TRAIT_OWN))
		return false;
	for (const struct config_mount *other = config->mounts.items; other < mount; other++) {
		autofree char *above = path_clean(other->destination);
		autofree char *own = path_clean(mount->destination);

		if (!config_mount_is_bind(other) && path_is_in(own, above))
			return false;
	}
	return true;
}

/* A volume that can't be mounted any more is reported, and the files below it are seen. */
static void mount_volume(const struct config_mount *mount, const char *path, int root,
			 struct report *report)
{
	if (mount_bind(mount, root) < 0 && are_related(path, mount->destination))
		report_left_out(report, mount->destination,
				"the volume of the stopped container can't be mounted");
}

static int check_path(const struct container_config *config, const char *path,
		      struct report *report, struct error *err)
{
	const struct config_mount *mount = find_mount_of(config, path);

	if (mount && !config_mount_is_bind(mount))
		return error_set(err, 0,
				 "%s: the container is stopped, and the file system %s on %s ended "
				 "with it",
				 path, mount->type ? mount->type : "", mount->destination);
	if (!mount && str_equal(config_annotation(config, CONFIG_ANNOTATION_OVERLAY),
				CONFIG_OVERLAY_IN_MEMORY))
		report_left_out(report, "/",
				"the container is stopped, and its changes were in memory");
	return 0;
}

int stopped_mount(const struct container_config *config, const char *path, struct report *report,
		  int *ret_root, struct error *err)
{
	autoclose int root = -1;

	if (check_path(config, path, report, err) < 0 || mount_make_namespace(err) < 0 ||
	    mount_stopped_root(config, &root, err) < 0)
		return -1;
	for (size_t i = 0; i < config->mounts.count; i++)
		if (is_volume(config, &config->mounts.items[i]))
			mount_volume(&config->mounts.items[i], path, root, report);
	*ret_root = take_fd(&root);
	return 0;
}
