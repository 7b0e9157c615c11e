// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/spec/spec_image.h"

#include <sys/mount.h>

#include "core/base/log.h"
#include "core/base/path.h"
#include "core/config/change.h"
#include "core/config/layers.h"
#include "core/spec/spec_steps.h"

/* ---- the root file system ---- */

/* A text that the image doesn't have sets no annotation. */
static void set_image_text(struct container_config *config, const char *name, const char *value)
{
	if (value && *value)
		config_set_annotation(config, name, value);
}

/* Source: conversion.md, "Annotation Fields". */
static void set_description(const struct image_config *image, struct container_config *config)
{
	autostrbuf struct strbuf ports = { 0 };

	set_image_text(config, "org.opencontainers.image.os", image->platform.os);
	set_image_text(config, "org.opencontainers.image.architecture",
		       image->platform.architecture);
	set_image_text(config, "org.opencontainers.image.variant", image->platform.variant);
	set_image_text(config, "org.opencontainers.image.author", image->author);
	set_image_text(config, "org.opencontainers.image.created", image->created);
	for (size_t i = 0; i < image->exposed_ports.count; i++)
		strbuf_addf(&ports, "%s%s", i ? "," : "", image->exposed_ports.items[i]);
	set_image_text(config, "org.opencontainers.image.exposedPorts", ports.bytes);
}

void spec_image_set_root(const struct spec_image *image, struct container_config *config)
{
	autostrbuf struct strbuf below = { 0 };

	config->root->path = arena_str(&config->arena, image->layers.items[0]);
	for (size_t i = 1; i < image->layers.count; i++)
		config_layers_add(&below, image->layers.items[i]);
	/* Also without a layer below: the owners of the files are those of a layer. */
	config_set_annotation(config, CONFIG_ANNOTATION_LAYERS, below.size ? below.bytes : "");
	config_set_annotation(config, CONFIG_ANNOTATION_IMAGE, image->name);
	set_description(image->config, config);
}

/* ---- the program ---- */

void spec_image_set_cwd(const struct image_config *image, struct container_config *config)
{
	autofree char *clean = image->working_dir ? path_clean(image->working_dir) : NULL;

	if (clean)
		config->process->cwd = arena_str(&config->arena, clean);
}

void spec_image_add_env(const struct image_config *image, struct container_config *config)
{
	for (size_t i = 0; i < image->env.count; i++) {
		autofree char *name = str_dup(image->env.items[i]);
		char *value = strchr(name, '=');

		if (!value || value == name)
			continue;
		*value++ = '\0';
		config_set_env(config, name, value);
		/* An image's own TERM is kept, whatever terminfo entries it has. */
		if (str_equal(name, "TERM"))
			config_remove_annotation(config, CONFIG_ANNOTATION_TERM);
	}
}

/* ---- volumes ---- */

/* Each is a mount: more are an attack on the time of whoever runs the image. */
#define VOLUMES_MAX 1000

enum volume_kind { VOLUME_BIND, VOLUME_TMPFS, VOLUME_IGNORE };

static int parse_volume_kind(const char *text, enum volume_kind *ret_kind, struct error *err)
{
	static const struct {
		const char *word;
		enum volume_kind kind;
	} kinds[] = {
		{ "bind", VOLUME_BIND },
		{ "anonymous", VOLUME_BIND },
		{ "tmpfs", VOLUME_TMPFS },
		{ "ignore", VOLUME_IGNORE },
	};

	*ret_kind = VOLUME_BIND;
	for (size_t i = 0; text && i < ARRAY_SIZE(kinds); i++)
		if (str_equal(kinds[i].word, text)) {
			*ret_kind = kinds[i].kind;
			return 0;
		}
	return text ? spec_refuse("image-volume", text, "expected bind, tmpfs or ignore", err) : 0;
}

/* The container's own mounts lie there, and no content of the image is below them. */
static bool is_the_runtimes(const char *path)
{
	static const char *const places[] = { "/proc", "/sys", "/dev" };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (path_is_in(path, places[i]))
			return true;
	return str_equal(path, "/");
}

static bool is_mounted_there(const struct container_config *config, const char *path)
{
	for (size_t i = 0; i < config->mounts.count; i++) {
		autofree char *point = path_clean(config->mounts.items[i].destination);

		if (str_equal(point, path))
			return true;
	}
	return false;
}

/* The directory stays the container's own, so that its changes are where all changes are. */
static void add_image_volume(const char *path, enum volume_kind kind,
			     struct container_config *config)
{
	bool bind = kind == VOLUME_BIND;
	struct config_mount *mount =
		config_add_mount(config, path, bind ? "bind" : "tmpfs", bind ? path : "tmpfs");

	mount->options.traits = bind ? MOUNT_TRAIT_BIND | MOUNT_TRAIT_OWN : MOUNT_TRAIT_COPY_UP;
	mount->options.top.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	config_mount_set_kind(mount);
}

/* Moves the last @count mounts to @first. */
static void move_mounts(struct container_config *config, size_t first, size_t count)
{
	struct config_mount *mounts = config->mounts.items;
	size_t behind = config->mounts.count - count - first;
	autofree struct config_mount *moved = mem_resize(NULL, count + 1, sizeof(*moved));

	memcpy(moved, &mounts[first + behind], count * sizeof(*moved));
	memmove(&mounts[first + count], &mounts[first], behind * sizeof(*mounts));
	memcpy(&mounts[first], moved, count * sizeof(*moved));
}

int spec_image_add_volumes(const struct image_config *image, const char *how, size_t first,
			   struct container_config *config, struct error *err)
{
	size_t before = config->mounts.count;
	enum volume_kind kind;

	if (parse_volume_kind(how, &kind, err) < 0)
		return -1;
	if (image->volumes.count > VOLUMES_MAX && kind != VOLUME_IGNORE) {
		error_set(err, 0, "the image has %zu volumes, more than %d", image->volumes.count,
			  VOLUMES_MAX);
		return error_hint(err, "--image-volume ignore leaves them out");
	}
	for (size_t i = 0; i < image->volumes.count && kind != VOLUME_IGNORE; i++) {
		autofree char *path = path_clean(image->volumes.items[i]);

		if (is_the_runtimes(path))
			log_debug("the image's volume %s is left out: the runtime mounts there",
				  path);
		else if (!is_mounted_there(config, path))
			add_image_volume(path, kind, config);
	}
	if (config->mounts.count > before)
		move_mounts(config, first, config->mounts.count - before);
	return 0;
}

/* ---- labels ---- */

const char *const spec_order_prefixes[] = { "run.oci.", "org.criu.", "org.systemd.property.",
					    "org.urun.", NULL };

bool spec_is_order(const char *annotation)
{
	for (size_t i = 0; spec_order_prefixes[i]; i++)
		if (str_starts_with(annotation, spec_order_prefixes[i]))
			return true;
	return false;
}

void spec_image_add_labels(const struct image_config *image, struct container_config *config)
{
	for (size_t i = 0; i < image->labels.count; i++) {
		const struct str_pair *label = &image->labels.items[i];

		if (!*label->name)
			continue;
		/* The stop signal is a member of its own, which was checked. */
		if (spec_is_order(label->name) ||
		    str_equal(label->name, CONFIG_ANNOTATION_STOP_SIGNAL))
			log_warning("the image's label %s is left out: an image doesn't tell the "
				    "runtime what to do",
				    label->name);
		else
			config_set_annotation(config, label->name, label->value);
	}
}
