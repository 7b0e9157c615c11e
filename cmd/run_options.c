// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "cmd/create_options.h"
#include "core/base/path.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/container/terminal.h"
#include "core/spec/root_look.h"

/*
 * "--" before the first operand means the host's own system as the root file system, whatever is in
 * the working directory: its config.json may be somebody else's, with hooks that run on the host.
 */
static bool means_host(const struct call *call)
{
	const struct create_options *options = call->options;

	return call->marked && call->usage != command_create.usage &&
	       !container_is_by_options(&options->container) && !options->bundle &&
	       !options->config;
}

/* Refuses options that write a config where there is a bundle: they would have no effect. */
static int refuse_container_options(const struct command_usage *command,
				    const struct create_options *options, struct error *err)
{
	const char *given = options_given(command, options, offsetof(struct create_options, name),
					  sizeof(*options) - offsetof(struct create_options, name));

	if (options->container.rootfs)
		return error_set(err, 0,
				 "%s: --rootfs is for a container without a bundle, and "
				 "stands before the command",
				 command->name);
	if (given)
		return error_set(err, 0,
				 "%s: option --%s is for a container without a bundle: "
				 "--rootfs DIR, or -- before the command, asks for one",
				 command->name, given);
	return 0;
}

/* Is @word an image's name, as podman's and docker's `run` take it, with a registry or a tag? */
static bool is_reference(const char *word)
{
	return strpbrk(word, "/:") && word[0] != '/' && word[0] != '.' && access(word, F_OK) < 0;
}

/*
 * Says what to type for `run bash` in a directory without a bundle, where the word is no id but a
 * program, or a directory with a root file system.
 */
static int refuse_word(const struct command_usage *command, const char *word, struct error *err)
{
	if (!*word)
		return error_set(err, 0, "%s: the name of the image is empty", command->name);
	error_set(err, ENOENT, "%s: '%s' is the id of a bundle's container: ./config.json",
		  command->name, word);
	root_look_hint(command->name, word, err);
	if (err->hint[0])
		return -1;
	if (is_reference(word))
		return error_hint(err, "`urun %s docker://%s` runs an image of a registry",
				  command->name, word);
	return error_hint(err,
			  "`urun %s -- %s` takes the program of the host's own system, in a "
			  "sandbox, `urun %s --rootfs DIR %s` the one of a root file system; "
			  "`urun %s docker://%s` runs an image",
			  command->name, word, command->name, word, command->name, word);
}

/*
 * Do the words behind the id say where the bundle is, or ask for help?  Only the beginning of an
 * option is looked at: a wrong one is reported by the parser.
 */
static bool are_about_bundle(const struct str_list *words)
{
	static const char *const beginnings[] = { "-b", "-f", "--bu", "--conf", "--help" };

	for (size_t i = 1; i < words->count; i++)
		for (size_t j = 0; j < ARRAY_SIZE(beginnings); j++)
			if (str_starts_with(words->items[i], beginnings[j]))
				return true;
	return false;
}

/* The operands are the id, and options of the bundle behind it. */
static int settle_bundle(struct call *call, struct error *err)
{
	const struct create_options *options = call->options;
	const struct command_usage *command = call->usage;
	int count = (int)call->operands.count, parsed;
	struct options_end end;

	/* The operand of `check` is the bundle. */
	if (count > 0 && command == command_run.usage && !options->bundle && !options->config &&
	    !are_about_bundle(&call->operands) && access("config.json", F_OK) < 0 &&
	    errno == ENOENT)
		return refuse_word(command, call->operands.items[0], err);
	if (refuse_container_options(command, call->options, err) < 0)
		return -1;
	if (count == 0)
		return 0;
	parsed = options_parse(command, OPTIONS_ANYWHERE, count, call->operands.items,
			       call->options, &end, err);
	if (parsed != 0)
		return parsed;
	if (end.operand < count)
		return error_set(err, 0,
				 "%s: unexpected operand '%s': a bundle's program is its "
				 "config's (see 'urun %s --help')",
				 command->name, call->operands.items[end.operand], command->name);
	return refuse_container_options(command, call->options, err);
}

/* Is @word what a shell would run? */
static bool is_program(const char *word)
{
	return strchr(word, '/') ? access(word, X_OK) == 0 : path_list_has(getenv("PATH"), word);
}

void run_options_hint(const struct call *call, struct error *err)
{
	const struct create_options *options = call->options;
	const char *word = call->operands.count > 0 ? call->operands.items[0] : NULL;
	struct error looked = ERROR_NONE;

	if (!word || !*word || container_is_by_options(&options->container) || options->bundle ||
	    options->config || access("config.json", F_OK) < 0)
		return;
	root_look_hint(call->usage->name, word, &looked);
	if (!looked.hint[0] && is_program(word))
		error_hint(&looked,
			   "'%s' is taken as the id of the container of ./config.json: `urun run "
			   "-- %s` takes the program of the host's own system, in a sandbox",
			   word, word);
	if (!looked.hint[0])
		return;
	error_hint_also(err, looked.hint);
}

static int settle_no_bundle(const struct command_usage *command, struct create_options *options,
			    struct error *err)
{
	if (options->bundle || options->config)
		return error_set(err, 0,
				 "%s: --rootfs is for a container without a bundle: --%s "
				 "can't be given too",
				 command->name, options->bundle ? "bundle" : "config");
	options->bundle = options->container.rootfs;
	/*
	 * A job in the background neither changes the terminal nor reads what is typed at the
	 * shell; one that was started with --tty waits until it is in the foreground.
	 */
	options->in_background = !options->detach && !str_equal(options->container.tty, "true") &&
				 terminal_in_background();
	if (options->in_background)
		options->container.tty = "false";
	/* The shell gets its terminal back as soon as urun returns. */
	if ((options->detach || command == command_create.usage) && !options->console_socket &&
	    !options->container.tty)
		options->container.tty = "false";
	return 0;
}

int run_options_settle(struct call *call, struct error *err)
{
	struct create_options *options = call->options;
	int result;

	if (means_host(call))
		options->container.rootfs = "/";
	if (image_root_settle(call, &options->container, !options->bundle && !options->config,
			      err) < 0)
		return -1;
	result = container_is_by_options(&options->container)
			 ? settle_no_bundle(call->usage, options, err)
			 : settle_bundle(call, err);
	if (result == 0 && options->detach && str_equal(options->die_with_parent, "true"))
		return error_set(err, 0,
				 "%s: --detach and --die-with-parent exclude each other: "
				 "urun ends at once where it detaches",
				 call->usage->name);
	return result;
}

/* ---- the container that the options make ---- */

static int make_id(char ret_id[static MADE_UP_ID_SIZE + 1], struct error *err)
{
	unsigned char random[MADE_UP_ID_SIZE / 2];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return error_set(err, errno, "make up an id");
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(ret_id + 2 * i, 3, "%02x", random[i]);
	return 0;
}

int run_find_id(const struct call *call, char made_up[static MADE_UP_ID_SIZE + 1],
		const char **ret_id, struct error *err)
{
	const struct create_options *options = call->options;
	bool by_options = container_is_by_options(&options->container);

	if (!by_options && call->operands.count == 0)
		return error_set(err, 0, "%s: expected %s (see 'urun %s --help')",
				 call->usage->name, call->usage->operands, call->usage->name);
	*ret_id = !by_options ? call->operands.items[0] : options->name ? options->name : made_up;
	return *ret_id == made_up ? make_id(made_up, err) : 0;
}

int run_begin_image(const struct call *call, const char *id, struct image_root *ret_root,
		    struct error *err)
{
	struct create_options *options = call->options;

	if (image_root_begin(call->globals, &options->container, id, ret_root, err) < 0)
		return -1;
	options->bundle = ret_root->spec.layers.items[0];
	return 0;
}

/*
 * The directory for the changes of a container of an image ends with the container: a config that is saved has
 * its changes in memory, as that of `spec`.
 */
static int save_config(const struct create_options *options, const struct image_root *root,
		       struct container_config *config, struct error *err)
{
	bool own_changes = options->container.image && !options->container.overlay;
	autostrbuf struct strbuf document = { 0 };
	int result;

	if (own_changes)
		config_set_annotation(config, CONFIG_ANNOTATION_OVERLAY, CONFIG_OVERLAY_IN_MEMORY);
	result = container_config_print(config, &document, err);
	if (own_changes)
		config_set_annotation(config, CONFIG_ANNOTATION_OVERLAY, root->changes);
	return result < 0 ? -1 : container_config_save(options->save_config, &document, err);
}

int run_make_config(const struct call *call, const struct image_root *root,
		    struct container_config *ret_config, struct error *err)
{
	struct create_options *options = call->options;

	if (image_root_config(root, &options->container, options->network, &options->publish,
			      &call->operands, ret_config, err) < 0)
		return -1;
	/* `run` itself removes a container in the foreground. */
	if (options->remove && options->detach)
		config_set_annotation(ret_config, CONFIG_ANNOTATION_REMOVE, "true");
	return options->save_config ? save_config(options, root, ret_config, err) : 0;
}
