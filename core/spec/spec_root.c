// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "core/base/stat.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/spec/spec_steps.h"

bool spec_root_is_host(const struct container_config *config)
{
	return str_equal(config->root->path, "/");
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

/* @directory is "" for an overlay in memory.  A directory that doesn't exist is made. */
static int set_overlay(const char *directory, struct container_config *config, struct error *err)
{
	char *path = NULL;

	if (!*directory) {
		config_set_annotation(config, CONFIG_ANNOTATION_OVERLAY, CONFIG_OVERLAY_IN_MEMORY);
		return 0;
	}
	if (mkdir(directory, 0755) < 0 && errno != EEXIST)
		return error_set(err, errno, "--overlay %s", directory);
	if (absolute_path("overlay", directory, &config->arena, &path, err) < 0)
		return -1;
	config_set_annotation(config, CONFIG_ANNOTATION_OVERLAY, path);
	return 0;
}

int spec_apply_root(const struct spec_options *options, struct container_config *config,
		    struct error *err)
{
	struct stat st;

	config->root->readonly = options->read_only;
	if (absolute_path("rootfs", options->rootfs, &config->arena, &config->root->path, err) < 0)
		return -1;
	if (stat(config->root->path, &st) < 0)
		return error_set(err, errno, "--rootfs %s", options->rootfs);
	if (!S_ISDIR(st.st_mode))
		return error_set(err, ENOTDIR, "--rootfs %s", options->rootfs);
	/* A bind mount of the host's root shows the same files under another path. */
	if (stat_same_paths(config->root->path, "/"))
		config->root->path = arena_str(&config->arena, "/");
	/* The host's own system is never written to: it always gets an overlay. */
	if (!options->overlay && spec_root_is_host(config))
		return set_overlay("", config, err);
	return options->overlay ? set_overlay(options->overlay, config, err) : 0;
}
