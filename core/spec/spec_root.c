// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/base/stat.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/config/layers.h"
#include "core/spec/root_look.h"
#include "core/spec/spec_steps.h"

bool spec_root_is_host(const struct container_config *config)
{
	return str_equal(config->root->path, "/");
}

/* The layers as the container sees them: the changes that an overlay keeps, then the root's own. */
static struct str_list list_layers(const struct container_config *config)
{
	const char *overlay = config_annotation(config, CONFIG_ANNOTATION_OVERLAY);
	struct str_list layers = { 0 }, own = { 0 };
	struct error ignored = ERROR_NONE;

	if (overlay && overlay[0] == '/')
		str_list_add(&layers, path_join(overlay, "upper"));
	if (config_layers(config, &own, &ignored) < 0)
		return layers;
	for (size_t i = 0; i < own.count; i++)
		str_list_add(&layers, own.items[i]);
	str_list_release(&own);
	return layers;
}

/* How an overlay keeps that a file of the layer below was removed. */
static bool is_whiteout(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == 0;
}

int spec_open_layer(const struct container_config *config, const char *path, uint64_t flags)
{
	autotextlist struct str_list layers = list_layers(config);

	for (size_t i = 0; i < layers.count; i++) {
		autoclose int root = open(layers.items[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		autoclose int fd =
			root < 0 ? -1
				 : path_open_in_root(root, path, flags | O_PATH | O_CLOEXEC, 0);

		if (fd >= 0)
			return is_whiteout(fd) ? -ENOENT : take_fd(&root);
	}
	return -ENOENT;
}

/* A path that the caller wrote: a relative one is resolved against the working directory. */
static int absolute_path(const char *option, const char *path, struct arena *arena, char **ret_path,
			 struct error *err)
{
	autofree char *real = realpath(path, NULL);

	if (!real)
		return error_set(err, errno, "--%s %s", option, path);
	*ret_path = arena_str(arena, real);
	return 0;
}

/*
 * The absolute path of a directory that may not exist yet; the directory above it does.  The caller
 * frees it; NULL with errno: not found.
 */
static char *absolute_new(const char *path)
{
	autofree char *typed = str_dup(path), *above = NULL;
	size_t length = strlen(typed);
	char *slash;

	while (length > 1 && typed[length - 1] == '/')
		typed[--length] = '\0';
	slash = strrchr(typed, '/');
	if (slash)
		*slash = '\0';
	above = realpath(!slash ? "." : slash == typed ? "/" : typed, NULL);
	return above ? path_join(above, slash ? slash + 1 : typed) : NULL;
}

/*
 * @directory is "" for an overlay in memory.  A directory that doesn't exist is made when the container
 * is: nothing is left of a command that is refused.
 */
static int set_overlay(const char *directory, struct container_config *config, struct error *err)
{
	autofree char *path = NULL;

	if (!*directory) {
		config_set_annotation(config, CONFIG_ANNOTATION_OVERLAY, CONFIG_OVERLAY_IN_MEMORY);
		return 0;
	}
	path = realpath(directory, NULL);
	if (!path && errno == ENOENT)
		path = absolute_new(directory);
	if (!path)
		return error_set(err, errno, "--overlay %s", directory);
	config_set_annotation(config, CONFIG_ANNOTATION_OVERLAY, path);
	return 0;
}

/* A layer is never written to: there always is an overlay. */
static int set_image(const struct spec_options *options, struct container_config *config,
		     struct error *err)
{
	const char *changes = options->image->changes;

	spec_image_set_root(options->image, config);
	if (options->overlay || !changes)
		return set_overlay(options->overlay ? options->overlay : "", config, err);
	config_set_annotation(config, CONFIG_ANNOTATION_OVERLAY, changes);
	return 0;
}

int spec_apply_root(const struct spec_options *options, const struct spec_caller *caller,
		    struct container_config *config, struct error *err)
{
	config->root->readonly = options->read_only;
	if (options->image)
		return set_image(options, config, err);
	if (absolute_path("rootfs", options->rootfs, &config->arena, &config->root->path, err) < 0)
		return -1;
	/* ORDER: before anything is made, such as the directory of an overlay. */
	if (root_look(options, caller, config->root->path, err) < 0)
		return -1;
	/* A bind mount of the host's root shows the same files under another path. */
	if (stat_same_paths(config->root->path, "/"))
		config->root->path = arena_str(&config->arena, "/");
	/* The host's own system is never written to: it always gets an overlay. */
	if (!options->overlay && spec_root_is_host(config))
		return set_overlay("", config, err);
	return options->overlay ? set_overlay(options->overlay, config, err) : 0;
}
