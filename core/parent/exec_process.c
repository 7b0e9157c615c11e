// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: parent.
 *
 * Makes the process of `exec` from the process of the container's config: it starts as a copy, and
 * each option changes one part.  With --process the JSON of the file replaces it as a whole.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/number.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/config/shapes.h"
#include "core/parent/exec.h"

static int read_process_file(const char *path, struct container_config *config, struct error *err)
{
	autofree char *bytes = NULL;
	size_t size;
	int failed = fd_read_file(path, JSON_SIZE_MAX, &bytes, &size);

	if (failed < 0)
		return error_set(err, -failed, "read %s", path);
	if (config_parse_process(bytes, size, &config->arena, &config->process, err) < 0)
		return error_prefix(err, "%s", path);
	config_remove_annotation(config, CONFIG_ANNOTATION_USER);
	config_remove_annotation(config, CONFIG_ANNOTATION_GROUPS);
	return 0;
}

/*
 * Anything but UID:GID is looked up in the container (core/init/account.h).  Until then the ids are
 * those of nobody: another runtime read a text that isn't a number as 0, so that the process ran as
 * root (CVE-2026-30892).
 */
static void set_exec_user(const char *text, struct container_config *config)
{
	struct config_user *user = config->process->user;
	char *uid_text = arena_str(&config->arena, text);
	char *gid_text = strchr(uid_text, ':');
	uint32_t uid = CONFIG_ID_NOBODY, gid = CONFIG_ID_NOBODY;
	bool numbers;

	if (gid_text)
		*gid_text++ = '\0';
	numbers = number_parse_u32(uid_text, UINT32_MAX - 1, &uid) == 0 && gid_text &&
		  number_parse_u32(gid_text, UINT32_MAX - 1, &gid) == 0;
	if (numbers)
		config_remove_annotation(config, CONFIG_ANNOTATION_USER);
	else
		config_set_annotation(config, CONFIG_ANNOTATION_USER, text);
	user->uid.value = uid;
	user->gid.value = gid;
}
static int set_exec_env(const struct str_list *env, struct container_config *config,
			struct error *err)
{
	for (size_t i = 0; i < env->count; i++) {
		char *name = arena_str(&config->arena, env->items[i]);
		char *value = strchr(name, '=');

		if (!value || value == name)
			return error_set(err, 0, "option --env must be NAME=value, not '%s'",
					 env->items[i]);
		*value++ = '\0';
		config_set_env(config, name, value);
	}
	return 0;
}

/*
 * Adds @names to the process's own sets.  The inheritable set stays as it is, so that programs
 * which the process executes don't get the capabilities from it.  A capability that the container's
 * config has as inheritable is added to the ambient set too.
 */
static void add_capabilities(const struct str_list *names, struct container_config *config)
{
	struct config_capabilities **sets = &config->process->capabilities;

	if (names->count && !*sets)
		*sets = arena_alloc(&config->arena, sizeof(**sets));
	for (size_t i = 0; i < names->count; i++) {
		const char *given = names->items[i];
		autofree char *name =
			str_format("%s%s", str_starts_with(given, "CAP_") ? "" : "CAP_", given);
		int number = str_find_any_case(config_capability_names, name);

		if (number < 0) {
			log_warning("option --cap: unknown capability %s is ignored", name);
			continue;
		}
		(*sets)->bounding |= CONFIG_CAPABILITY(number);
		(*sets)->effective |= CONFIG_CAPABILITY(number);
		(*sets)->permitted |= CONFIG_CAPABILITY(number);
		(*sets)->ambient |= CONFIG_CAPABILITY(number) & (*sets)->inheritable;
	}
}

/*
 * If the container's user isn't root, its config has the capabilities in the bounding set alone.  A
 * root process of `exec` gets the sets that `run --user 0` would have given it.
 */
static void fill_root_capabilities(uint32_t container_uid, struct container_config *config)
{
	struct config_capabilities *sets = config->process->capabilities;

	if (!sets || container_uid == 0 || config->process->user->uid.value != 0 ||
	    sets->permitted || sets->effective)
		return;
	sets->permitted = sets->bounding;
	sets->effective = sets->bounding;
}

/* The filter and no_new_privs stay those of the container. */
static void set_all_capabilities(struct container_config *config)
{
	struct config_capabilities **sets = &config->process->capabilities;

	if (!*sets)
		*sets = arena_alloc(&config->arena, sizeof(**sets));
	(*sets)->bounding = CONFIG_CAPABILITY_ALL;
	/* A user other than root gains them by set-user-ID programs, as with `run --privileged`. */
	if (config->process->user->uid.value == 0)
		(*sets)->effective = (*sets)->permitted = CONFIG_CAPABILITY_ALL;
}

static int add_exec_groups(const struct str_list *groups, struct container_config *config,
			   struct error *err)
{
	struct config_user *user = config->process->user;

	for (size_t i = 0; i < groups->count; i++) {
		uint32_t gid;

		if (number_parse_u32(groups->items[i], UINT32_MAX - 1, &gid) < 0)
			return error_set(err, 0,
					 "option --additional-gids must be a number, not '%s'",
					 groups->items[i]);
		user->additional_gids.items = arena_grow(
			&config->arena, user->additional_gids.items, user->additional_gids.count,
			sizeof(*user->additional_gids.items));
		user->additional_gids.items[user->additional_gids.count++] = gid;
	}
	return 0;
}

int exec_process_make(const struct exec_process *asked, struct container_config *config,
		      struct error *err)
{
	struct config_process *process;
	uint32_t container_uid;

	if (asked->file)
		return read_process_file(asked->file, config, err);
	process = config->process;
	if (!process)
		return error_set(err, 0,
				 "the container's config has no process: exec needs --process");
	container_uid = (uint32_t)process->user->uid.value;
	process->args = (struct str_list){ 0 };
	for (size_t i = 0; i < asked->args.count; i++)
		config_list_add(&config->arena, &process->args, asked->args.items[i]);
	if (asked->user)
		set_exec_user(asked->user, config);
	if (set_exec_env(&asked->env, config, err) < 0 ||
	    add_exec_groups(&asked->additional_groups, config, err) < 0)
		return -1;
	/* ORDER: after the user is known, and before --cap adds to the sets. */
	fill_root_capabilities(container_uid, config);
	add_capabilities(&asked->capabilities, config);
	if (asked->privileged)
		set_all_capabilities(config);
	if (asked->cwd && asked->cwd[0] != '/')
		return error_set(err, 0, "the working directory '%s' isn't an absolute path",
				 asked->cwd);
	if (asked->cwd)
		process->cwd = arena_str(&config->arena, asked->cwd);
	if (asked->apparmor_profile)
		process->apparmor_profile = arena_str(&config->arena, asked->apparmor_profile);
	if (asked->selinux_label)
		process->selinux_label = arena_str(&config->arena, asked->selinux_label);
	process->terminal = asked->terminal;
	process->console_size = NULL;
	process->no_new_privileges = process->no_new_privileges || asked->no_new_privileges;
	return 0;
}
