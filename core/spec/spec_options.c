// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/spec/spec_options.h"

#include <string.h>

#include "core/base/str.h"
#include "core/base/utf8.h"
#include "core/config/change.h"
#include "core/spec/spec_account.h"
#include "core/spec/spec_steps.h"

int spec_refuse(const char *option, const char *text, const char *reason, struct error *err)
{
	return error_set(err, 0, "--%s %s: %s", option, text, reason);
}

int spec_refuse_shared(const char *option, const char *text, const char *sharing, const char *value,
		       struct error *err)
{
	const char *owner = config_shared_with(value);

	if (owner)
		return error_set(
			err, 0,
			"--%s %s: with --%s %s this is the other container's: give it to %s",
			option, text, sharing, value, owner);
	return error_set(err, 0, "--%s %s: with --%s %s there is nothing to set", option, text,
			 sharing, value);
}

int spec_add_pair(const char *option, const char *text, const char *expected, struct arena *arena,
		  str_map *map, struct error *err)
{
	char *name = arena_str(arena, text), *value = strchr(name, '=');

	if (!value || value == name)
		return spec_refuse(option, text, expected, err);
	*value++ = '\0';
	map->items = arena_grow(arena, map->items, map->count, sizeof(*map->items));
	map->items[map->count++] = (struct str_pair){ name, value };
	return 0;
}

/* The command, --workdir, --hostname, --tty, --user */
static int apply_process(const struct spec_options *options, struct spec_account *account,
			 struct container_config *config, struct error *err)
{
	struct config_process *process = config->process;

	process->terminal = options->terminal;
	if (options->command.count) {
		process->args = (struct str_list){ 0 };
		for (size_t i = 0; i < options->command.count; i++)
			config_list_add(&config->arena, &process->args, options->command.items[i]);
	} else {
		config_set_annotation(config, CONFIG_ANNOTATION_SHELL, CONFIG_SHELL_OF_PASSWD);
	}
	if (options->image)
		spec_image_set_cwd(options->image->config, config);
	if (options->workdir) {
		if (options->workdir[0] != '/')
			return spec_refuse("workdir", options->workdir, "expected an absolute path",
					   err);
		process->cwd = arena_str(&config->arena, options->workdir);
	}
	if (options->hostname && !str_is_word(options->hostname))
		return spec_refuse("hostname", options->hostname, "a host name is one word", err);
	if (options->hostname)
		config->hostname = arena_str(&config->arena, options->hostname);
	/* In the sandbox, --user can only be the caller, who is the user already. */
	if (options->user && !account->is_sandbox)
		spec_account_find(options->user, account, config);
	/* With keep-id the program's user is the caller, whatever the image says, as in podman. */
	else if (options->image && options->image->config->user && !account->keep_id)
		spec_account_find(options->image->config->user, account, config);
	return 0;
}

static int add_annotation(const char *text, struct container_config *config, struct error *err)
{
	autofree char *copy = str_dup(text);
	char *value = copy, *name = strsep(&value, "=");

	if (!*name || !value)
		return spec_refuse("annotation", text, "expected NAME=VALUE", err);
	/* `urun state` prints annotations as JSON, which is UTF-8. */
	if (!utf8_is_valid((const unsigned char *)text, strlen(text)))
		return spec_refuse("annotation", text, "not valid UTF-8", err);
	if (str_equal(name, CONFIG_ANNOTATION_HIDDEN) && spec_root_is_host(config))
		spec_hide_more(value, config);
	else
		config_set_annotation(config, name, value);
	return 0;
}

static void set_publish(const struct str_list *publish, struct container_config *config)
{
	autostrbuf struct strbuf lines = { 0 };

	for (size_t i = 0; i < publish->count; i++)
		strbuf_addf(&lines, "%s%s", i ? "\n" : "", publish->items[i]);
	if (lines.size)
		config_set_annotation(config, CONFIG_ANNOTATION_PUBLISH, lines.bytes);
}

/* --annotation, --network, --publish, --keep-groups */
static int apply_annotations(const struct spec_options *options, struct container_config *config,
			     struct error *err)
{
	for (size_t i = 0; i < options->annotations.count; i++)
		if (add_annotation(options->annotations.items[i], config, err) < 0)
			return -1;
	if (options->network)
		config_set_annotation(config, CONFIG_ANNOTATION_NETWORK, options->network);
	set_publish(&options->publish, config);
	if (options->keep_groups)
		config_set_annotation(config, CONFIG_ANNOTATION_KEEP_GROUPS, "1");
	return 0;
}

/*
 * One step a line; spec_steps.h says which options and which file each step has.
 *
 * ORDER: the ids before the process, which looks up --user among the accounts that keep-id adds;
 * the root before both, as its passwd is read.  Capabilities after the process, as they depend on
 * the user.  The accounts' lines after the mounts and the working directory, which decide on the
 * home.
 */
int spec_apply(const struct spec_options *options, const struct spec_caller *caller,
	       struct container_config *config, struct error *err)
{
	struct spec_account account = { .keep_id = false };
	struct spec_cdi cdi = { .choices.count = 0 };

	/* All later steps need the root: without it nothing else is looked at. */
	if (spec_apply_root(options, caller, config, err) < 0)
		return -1;
	if (error_gather(err, spec_apply_ids(options, caller, &account, config, err)) < 0 ||
	    error_gather(err, apply_process(options, &account, config, err)) < 0 ||
	    error_gather(err, spec_apply_program(options, caller, config, err)) < 0 ||
	    error_gather(err, spec_apply_ending(options, config, err)) < 0 ||
	    error_gather(err, spec_apply_namespaces(options, config, err)) < 0 ||
	    error_gather(err, spec_apply_log(options, config, err)) < 0 ||
	    error_gather(err, spec_find_cdi(options, config, &cdi, err)) < 0 ||
	    error_gather(err, spec_apply_env(options, caller, &account, &cdi, config, err)) < 0 ||
	    error_gather(err, spec_apply_mounts(options, caller, &account, config, err)) < 0 ||
	    error_gather(err, spec_apply_cdi(&cdi, config, err)) < 0 ||
	    error_gather(err, spec_apply_capabilities(options, config, err)) < 0 ||
	    error_gather(err, spec_apply_security(options, config, err)) < 0 ||
	    error_gather(err, spec_apply_limits(options, config, err)) < 0 ||
	    error_gather(err, spec_apply_resources(options, config, err)) < 0 ||
	    error_gather(err, spec_apply_etc(options, config, err)) < 0 ||
	    error_gather(err, spec_apply_labels(options, config, err)) < 0)
		return -1;
	spec_account_apply(&account, config);
	if (error_gather(err, spec_apply_accounts(options, config, err)) < 0)
		return -1;
	return apply_annotations(options, config, err);
}
