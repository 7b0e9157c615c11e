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
	}
	if (options->workdir) {
		if (options->workdir[0] != '/')
			return spec_refuse("workdir", options->workdir, "expected an absolute path",
					   err);
		process->cwd = arena_str(&config->arena, options->workdir);
	}
	if (options->hostname)
		config->hostname = arena_str(&config->arena, options->hostname);
	if (options->user)
		return spec_account_find(options->user, account, config, err);
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

/* --annotation, --network, --keep-groups */
static int apply_annotations(const struct spec_options *options, struct container_config *config,
			     struct error *err)
{
	for (size_t i = 0; i < options->annotations.count; i++)
		if (add_annotation(options->annotations.items[i], config, err) < 0)
			return -1;
	if (options->network)
		config_set_annotation(config, CONFIG_ANNOTATION_NETWORK, options->network);
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

	/* All later steps need the root: without it nothing else is looked at. */
	if (spec_apply_root(options, config, err) < 0)
		return -1;
	if (error_gather(err, spec_apply_ids(options, caller, &account, config, err)) < 0 ||
	    error_gather(err, apply_process(options, &account, config, err)) < 0 ||
	    error_gather(err, spec_apply_env(options, config, err)) < 0 ||
	    error_gather(err, spec_apply_mounts(options, caller, &account, config, err)) < 0 ||
	    error_gather(err, spec_apply_capabilities(options, config, err)) < 0 ||
	    error_gather(err, spec_apply_security(options, config, err)) < 0 ||
	    error_gather(err, spec_apply_limits(options, config, err)) < 0)
		return -1;
	spec_account_apply(&account, config);
	return apply_annotations(options, config, err);
}
