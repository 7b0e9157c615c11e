// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/spec/spec_steps.h"

/* Source: the CDI specification's library, DefaultSpecDirs; and /run, which /var/run may not be. */
static char *const usual_items[] = { "/etc/cdi", "/run/cdi", "/var/run/cdi" };
static const struct str_list usual_directories = { (char **)usual_items, ARRAY_SIZE(usual_items) };

int spec_find_cdi(const struct spec_options *options, struct container_config *config,
		  struct spec_cdi *ret_cdi, struct error *err)
{
	const struct spec_words *words = &options->words;
	bool was_read = false;

	/* The usual directories needn't exist; one that is given is to have files. */
	for (size_t i = 0; i < words->cdi_dirs.count; i++)
		if (access(words->cdi_dirs.items[i], F_OK) < 0 &&
		    error_gather(err, error_set(err, errno, "--cdi-spec-dir %s",
						words->cdi_dirs.items[i])) < 0)
			return -1;
	for (size_t i = 0; i < words->devices.count; i++) {
		const char *text = words->devices.items[i];

		if (!cdi_is_name(text))
			continue;
		if (!was_read)
			cdi_read(words->cdi_dirs.count ? &words->cdi_dirs : &usual_directories,
				 &config->arena, &ret_cdi->files);
		was_read = true;
		if (cdi_choose(&ret_cdi->files, text, &ret_cdi->choices, err) == 0)
			continue;
		error_prefix(err, "--device %s", text);
		if (error_gather(err, -1) < 0)
			return -1;
	}
	/* A file that can't be used might have said something else of the devices. */
	for (size_t i = 0; i < ret_cdi->files.problems.count; i++)
		log_warning("%s: the file isn't used", ret_cdi->files.problems.items[i]);
	return 0;
}

/* ---- one edit ---- */

static bool can_open(const char *path)
{
	struct statvfs file_system;

	return statvfs(path, &file_system) == 0 && !(file_system.f_flag & ST_NODEV) &&
	       (spec_device_may_open(path, R_OK) || spec_device_may_open(path, W_OK));
}

/* Is the host's node the one that the file means?  It isn't if a driver was loaded anew since. */
static int check_node(const struct cdi_node *node, const char *path, struct error *err)
{
	bool is_block = node->type == CONFIG_DEVICE_BLOCK;
	bool is_fifo = node->type == CONFIG_DEVICE_FIFO;
	struct stat st;

	if (stat(path, &st) < 0)
		return error_set(err, errno, "the node %s", path);
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode) && !S_ISFIFO(st.st_mode))
		return error_set(err, 0, "%s is no device", path);
	if (node->type >= 0 &&
	    (is_block != !!S_ISBLK(st.st_mode) || is_fifo != !!S_ISFIFO(st.st_mode)))
		return error_set(err, 0, "%s is another kind of node than the file says", path);
	if ((node->major.set && node->major.value != (int64_t)major(st.st_rdev)) ||
	    (node->minor.set && node->minor.value != (int64_t)minor(st.st_rdev)))
		return error_set(err, 0, "%s is the device %u:%u, and the file means another one",
				 path, major(st.st_rdev), minor(st.st_rdev));
	return 0;
}

static void warn_of_permissions(const struct cdi_node *node, const char *path)
{
	const char *permissions = node->permissions ? node->permissions : "rwm";

	if ((spec_device_may_open(path, R_OK) && !strchr(permissions, 'r')) ||
	    (spec_device_may_open(path, W_OK) && !strchr(permissions, 'w')))
		log_warning("%s: without root the node's own mode decides, by which you can do "
			    "more than \"%s\"",
			    path, permissions);
}

/*
 * A node that the caller can't open would be of no use in the container: it is left out, as long as
 * there is another one.  Drivers have nodes for administrators beside those for all users.
 */
static int add_nodes(const struct cdi_edits *edits, struct container_config *config,
		     struct error *err)
{
	size_t closed = 0;

	for (size_t i = 0; i < edits->nodes.count; i++) {
		const struct cdi_node *node = &edits->nodes.items[i];
		const char *path = node->host_path ? node->host_path : node->path;
		autofree char *real = realpath(path, NULL);

		if (check_node(node, path, err) < 0)
			return -1;
		if (real && can_open(real)) {
			warn_of_permissions(node, path);
			spec_add_device_node(real, node->path, 0, config);
			continue;
		}
		if (++closed == edits->nodes.count) {
			error_set(err, EACCES, "the node %s", path);
			return error_hint(err, "you can't open it yourself: let an administrator "
					       "add you to its group, and use --group-add "
					       "keep-groups");
		}
		log_warning("%s: you can't open the node, so it is left out", path);
	}
	return 0;
}

static int add_mounts(const struct cdi_edits *edits, struct container_config *config,
		      struct error *err)
{
	for (size_t i = 0; i < edits->mounts.count; i++) {
		const struct cdi_mount *from = &edits->mounts.items[i];
		/* "none" is what a bind mount's type often is, says the specification. */
		bool is_bind = (from->options.traits & MOUNT_TRAIT_BIND) || !from->type ||
			       !*from->type || str_equal(from->type, "none") ||
			       str_equal(from->type, "bind");
		struct config_mount *mount;

		if (is_bind && access(from->host_path, F_OK) < 0)
			return error_set(err, errno, "the mount of %s", from->host_path);
		mount = config_add_mount(config, from->container_path,
					 is_bind ? "bind" : from->type, from->host_path);
		mount->options = from->options;
		if (is_bind)
			mount->options.traits |= MOUNT_TRAIT_BIND;
		config_mount_set_kind(mount);
	}
	return 0;
}

static int add_hooks(const struct cdi_edits *edits, struct container_config *config,
		     struct error *err)
{
	for (size_t i = 0; i < edits->hooks.count; i++) {
		const struct cdi_hook *hook = &edits->hooks.items[i];
		config_hook_list *list;

		/* A program of this kind alone is the container's. */
		if (hook->kind != HOOK_START_CONTAINER && access(hook->hook.path, X_OK) < 0)
			return error_set(err, errno, "the hook %s", hook->hook.path);
		if (!config->hooks)
			config->hooks = arena_alloc(&config->arena, sizeof(*config->hooks));
		list = &config->hooks->lists[hook->kind];
		list->items =
			arena_grow(&config->arena, list->items, list->count, sizeof(hook->hook));
		list->items[list->count++] = hook->hook;
	}
	return 0;
}

/* A group without a mapping is no group of the container's. */
static void add_gids(const struct cdi_edits *edits, struct container_config *config)
{
	const config_id_mappings *mappings = &config->linux->gid_mappings;

	for (size_t i = 0; i < edits->additional_gids.count; i++) {
		uint32_t gid = edits->additional_gids.items[i];
		bool is_mapped = false;

		for (size_t j = 0; j < mappings->count; j++)
			is_mapped |= gid - mappings->items[j].inner.value <
				     mappings->items[j].count.value;
		if (gid != 0 && is_mapped)
			spec_add_gid(gid, config);
		else if (gid != 0)
			log_warning("group %u of the device's file has no id in the container, and "
				    "is left out (hint: --group-add keep-groups keeps your own)",
				    gid);
	}
}

static int apply_edits(const struct cdi_edits *edits, struct container_config *config,
		       struct error *err)
{
	if (add_nodes(edits, config, err) < 0 || add_mounts(edits, config, err) < 0 ||
	    add_hooks(edits, config, err) < 0)
		return -1;
	add_gids(edits, config);
	if (edits->intel_rdt)
		config->linux->intel_rdt = edits->intel_rdt;
	return 0;
}

/* ---- the steps ---- */

/* Calls for the edits of the whole file before those of its first device that is chosen. */
static bool is_first_of_file(const cdi_choices *choices, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (choices->items[i].file == choices->items[index].file)
			return false;
	return choices->items[index].file->edits != NULL;
}

static void add_env(const struct cdi_edits *edits, struct container_config *config)
{
	for (size_t i = 0; i < edits->env.count; i++) {
		autofree char *name = str_dup(edits->env.items[i]);
		char *value = strchr(name, '=');

		*value++ = '\0';
		config_set_env(config, name, value);
	}
}

void spec_add_cdi_env(const struct spec_cdi *cdi, struct container_config *config)
{
	for (size_t i = 0; i < cdi->choices.count; i++) {
		const struct cdi_choice *choice = &cdi->choices.items[i];

		if (is_first_of_file(&cdi->choices, i))
			add_env(choice->file->edits, config);
		add_env(choice->device->edits, config);
	}
}

int spec_apply_cdi(const struct spec_cdi *cdi, struct container_config *config, struct error *err)
{
	for (size_t i = 0; i < cdi->choices.count; i++) {
		const struct cdi_choice *choice = &cdi->choices.items[i];
		int result = 0;

		if (is_first_of_file(&cdi->choices, i))
			result = apply_edits(choice->file->edits, config, err);
		if (result == 0)
			result = apply_edits(choice->device->edits, config, err);
		if (result < 0)
			error_prefix(err, "--device %s=%s: %s", choice->file->kind,
				     choice->device->name, choice->file->path);
		if (error_gather(err, result) < 0)
			return -1;
	}
	return 0;
}
