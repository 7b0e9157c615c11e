// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/parent/mount_points.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/base/stat.h"
#include "core/config/change.h"
#include "core/container/state.h"

static int open_root(const struct container_config *config)
{
	return open(config->root->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static bool is_in_root(int root, const char *path)
{
	autoclose int fd = path_open_in_root(root, path, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);

	/* An entry that can't be examined exists: it isn't ours. */
	return fd != -ENOENT;
}

/* Adds each part of the path that doesn't exist, from the root downwards. */
static void add_parts(int root, const char *path, struct str_list *made)
{
	autofree char *clean = path_clean(path);

	for (char *end = clean + 1; *end;) {
		char kept;

		end += strcspn(end, "/");
		kept = *end;
		*end = '\0';
		if (!is_in_root(root, clean))
			str_list_add(made, str_dup(clean));
		*end = kept;
		end += kept == '/';
	}
}

void mount_points_note(const struct container_config *config, const struct mount_plan *mounts,
		       struct mount_points *ret_points)
{
	struct mount_points points = { 0 };
	autoclose int root = -1;

	*ret_points = points;
	if (config_annotation(config, CONFIG_ANNOTATION_OVERLAY))
		return;
	root = open_root(config);
	if (root < 0)
		return;
	for (size_t i = 0; i < mounts->steps.count; i++)
		add_parts(root, mounts->steps.items[i].destination, &points.made);
	if (config->process && config->process->cwd)
		add_parts(root, config->process->cwd, &points.made);
	*ret_points = points;
}

/* The program may have written to a file, which isn't only a mount point then. */
static void remove_mount_point(int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (S_ISDIR(st.st_mode))
		unlinkat(dir, name, AT_REMOVEDIR);
	else if (S_ISREG(st.st_mode) && st.st_size == 0)
		unlinkat(dir, name, 0);
}

/* A container that can't be looked at counts as a living one. */
static bool uses_root(const char *states, const char *id, const char *rootfs)
{
	autocontainer struct container container = CONTAINER_NONE;
	struct error err = ERROR_NONE;
	enum container_status status;
	int opened = container_open(states, id, STATE_UNLOCKED, &container, &err);

	if (opened != 0)
		return opened < 0;
	if (!stat_same_paths(container.state.rootfs, rootfs))
		return false;
	return container_status(&container, &status, NULL, &err) < 0 || status != CONTAINER_STOPPED;
}

static bool is_used_by_others(const char *states, const char *own_id, const char *rootfs)
{
	struct error ignored = ERROR_NONE;
	autotextlist struct str_list ids = { 0 };

	if (state_list(states, &ids, &ignored) < 0)
		return true;
	for (size_t i = 0; i < ids.count; i++)
		if (!str_equal(ids.items[i], own_id) && uses_root(states, ids.items[i], rootfs))
			return true;
	return false;
}

void mount_points_remove(const struct mount_points *points, const struct container_config *config,
			 const char *root, const char *id)
{
	autoclose int fd = points->made.count ? open_root(config) : -1;

	if (fd < 0 || is_used_by_others(root, id, config->root->path))
		return;
	for (size_t i = points->made.count; i-- > 0;) {
		autofree char *above = str_dup(points->made.items[i]);
		char *name = strrchr(above, '/');
		autoclose int dir = -1;

		*name++ = '\0';
		dir = path_open_in_root(fd, *above ? above : "/", O_PATH | O_DIRECTORY | O_CLOEXEC,
					0);
		if (dir >= 0)
			remove_mount_point(dir, name);
	}
}

void mount_points_release(struct mount_points *points)
{
	for (size_t i = 0; i < points->made.count; i++)
		free(points->made.items[i]);
	str_list_release(&points->made);
}
