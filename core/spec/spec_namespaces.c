// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: parent.
 *
 * --pid, --ipc, --uts, and what --network container:ID means for the other options.  Whose
 * namespaces a container shares is written as annotations, since the config of a container that
 * doesn't run has no namespaces by which others could find them (core/container/share.h).
 */
#include <string.h>

#include "core/base/path.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/spec/spec_steps.h"

#define WORDS_OF_ALL "private, host, ns:PATH or container:ID"

struct kind {
	const char *option;
	const char *annotation;
	enum config_namespace_type type;
	const char *expected;
};

static const struct kind kinds[] = {
	{ "pid", CONFIG_ANNOTATION_PID, CONFIG_NS_PID, "expected " WORDS_OF_ALL },
	{ "ipc", CONFIG_ANNOTATION_IPC, CONFIG_NS_IPC, "expected shareable, none, " WORDS_OF_ALL },
	{ "uts", CONFIG_ANNOTATION_UTS, CONFIG_NS_UTS, "expected " WORDS_OF_ALL },
};

/* --ipc none: the ipc namespace is the container's own, and no memory is shared by /dev/shm. */
static void remove_shm(struct container_config *config)
{
	struct config_mount *mount = config_find_mount(config, CONFIG_SHM_PATH);
	size_t index;

	if (!mount)
		return;
	index = (size_t)(mount - config->mounts.items);
	memmove(mount, mount + 1, (config->mounts.count - index - 1) * sizeof(*mount));
	config->mounts.count--;
}

/* --ipc host: shm_open(3) is about files of /dev/shm, and must find the host's. */
static void bind_host_shm(struct container_config *config)
{
	struct config_mount *mount = config_find_mount(config, CONFIG_SHM_PATH);
	struct mount_options options = {
		.traits = MOUNT_TRAIT_BIND | MOUNT_TRAIT_RECURSIVE,
		.top.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
	};

	if (!mount)
		return;
	mount->type = arena_str(&config->arena, "bind");
	mount->source = arena_str(&config->arena, CONFIG_SHM_PATH);
	mount->options = options;
	mount_options_add_propagation(&mount->options, &config->arena, MOUNT_RPRIVATE);
	config_mount_set_kind(mount);
}

static void share_with_host(const struct kind *kind, struct container_config *config)
{
	struct config_namespace *ns = config_find_namespace(config, kind->type);

	if (ns)
		config_remove_namespace(config, ns);
	if (kind->type == CONFIG_NS_IPC)
		bind_host_shm(config);
}

static int join_path(const struct kind *kind, const char *text, struct container_config *config,
		     struct error *err)
{
	const char *path = text + strlen("ns:");
	struct config_namespace *ns = config_find_namespace(config, kind->type);

	if (path[0] != '/')
		return spec_refuse(kind->option, text, "expected an absolute path", err);
	if (ns)
		ns->path = arena_str(&config->arena, path);
	return 0;
}

static int apply_kind(const struct kind *kind, const char *text, struct container_config *config,
		      struct error *err)
{
	bool ipc = kind->type == CONFIG_NS_IPC;

	if (!text || !*text || str_equal(text, "private") || (ipc && str_equal(text, "shareable")))
		return 0;
	/* The host name is that of the uts namespace. */
	if (kind->type == CONFIG_NS_UTS)
		config->hostname = NULL;
	if (ipc && str_equal(text, "none"))
		remove_shm(config);
	else if (str_equal(text, "host"))
		share_with_host(kind, config);
	else if (str_starts_with(text, "ns:"))
		return join_path(kind, text, config, err);
	else if (config_shared_with(text))
		config_set_annotation(config, kind->annotation, text);
	else
		return spec_refuse(kind->option, text, kind->expected, err);
	return 0;
}

/* A container that joins a namespace joins the user namespace that owns it: the ids are that one's. */
static int take_ids(const struct spec_options *options, const char *sharing, const char *text,
		    struct container_config *config, struct error *err)
{
	if (options->userns)
		return spec_refuse_shared("userns", options->userns, sharing, text, err);
	if (options->uid_maps.count)
		return spec_refuse_shared("uidmap", options->uid_maps.items[0], sharing, text, err);
	if (options->gid_maps.count)
		return spec_refuse_shared("gidmap", options->gid_maps.items[0], sharing, text, err);
	config->linux->uid_mappings.count = 0;
	config->linux->gid_mappings.count = 0;
	return 0;
}

int spec_apply_namespaces(const struct spec_options *options, struct container_config *config,
			  struct error *err)
{
	const char *const texts[ARRAY_SIZE(kinds)] = { options->pid, options->ipc, options->uts };

	if (options->uts && options->hostname && !str_equal(options->uts, "private"))
		return error_set(err, 0,
				 "--hostname %s: with --uts %s the container has the host name of "
				 "another, and can't set it",
				 options->hostname, options->uts);
	/* The shared /etc/hosts has the other's host name, which leads to both. */
	if (options->hostname && config_shared_with(options->network))
		return spec_refuse_shared("hostname", options->hostname, "network",
					  options->network, err);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (apply_kind(&kinds[i], texts[i], config, err) < 0)
			return -1;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (config_shared_with(texts[i]) &&
		    take_ids(options, kinds[i].option, texts[i], config, err) < 0)
			return -1;
	return config_shared_with(options->network)
		       ? take_ids(options, "network", options->network, config, err)
		       : 0;
}
