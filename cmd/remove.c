// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: parent.
 *
 * `rm` and `prune`: what a person types.  `delete` is the engines' word, and stays as runc has it.
 */
#include <stdio.h>
#include <string.h>

#include "cmd/command.h"
#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/str.h"
#include "core/container/lifecycle.h"
#include "core/container/stop.h"

/* What several removals have come to. */
struct removal {
	const char *root;
	enum delete_how how;
	struct error *err;
	int result; /* of the command */
};

static void fail_one(struct removal *removal, const struct error *failed)
{
	removal->result = command_fail_also(failed, removal->err);
}

static void remove_and_print(struct removal *removal, const char *id)
{
	struct error failed = ERROR_NONE;

	if (container_delete(removal->root, id, removal->how, &failed) < 0 ||
	    command_print_id(id, &failed) < 0)
		fail_one(removal, &failed);
}

/*
 * Is it a container without a bundle, which these commands may choose by themselves?  The containers
 * of bundles belong to engines, which share the state root.
 */
static bool may_choose(const char *root, const char *id, bool stopped_only)
{
	autocontainer struct container container = CONTAINER_NONE;
	struct error err = ERROR_NONE;
	char line[ERROR_LINE_SIZE];
	enum container_status status;
	int opened = container_open(root, id, STATE_UNLOCKED, &container, &err);

	if (opened == 0 && container.state.by_options &&
	    container_status(&container, &status, NULL, &err) == 0)
		return status == CONTAINER_STOPPED || !stopped_only;
	if (opened <= 0 && err.text[0])
		log_warning("container %s: %s", id, error_format(&err, line));
	return false;
}

/* Adds their ids to @ids. */
static void choose(struct removal *removal, bool stopped_only, struct str_list *ids)
{
	struct error failed = ERROR_NONE;
	autotextlist struct str_list all = { 0 };

	if (state_list(removal->root, &all, &failed) < 0)
		fail_one(removal, &failed);
	for (size_t i = 0; i < all.count; i++)
		if (may_choose(removal->root, all.items[i], stopped_only))
			str_list_add(ids, str_dup(all.items[i]));
}

static void remove_listed(struct removal *removal, const struct str_list *ids)
{
	for (size_t i = 0; i < ids->count; i++)
		remove_and_print(removal, ids->items[i]);
}

/* ---- rm ---- */

struct rm_options {
	struct str_list cidfiles;
	const char *time;
	bool force;
	bool all;
	bool ignore;
};

static int find_named(const char *root, const char *id, struct error *err)
{
	autostatedir struct state_dir dir = STATE_DIR_NONE;
	int opened = state_dir_open(root, id, STATE_UNLOCKED, &dir, err);

	return opened < 0 ? -1 : opened == 0;
}

/* With --force, no container of that id is no error, as podman and docker have it. */
static void add_named(struct removal *removal, const char *id, bool ignore, struct str_list *ids)
{
	struct error failed = ERROR_NONE;
	int found = find_named(removal->root, id, &failed);

	if (found > 0)
		str_list_add(ids, str_dup(id));
	else if (found < 0 || (!ignore && removal->how != DELETE_FORCE))
		fail_one(removal, &failed);
}

static void add_of_file(struct removal *removal, const char *path, bool ignore,
			struct str_list *ids)
{
	struct error failed = ERROR_NONE;
	autofree char *id = NULL;
	size_t size = 0;
	int read = fd_read_file(path, 4096, &id, &size);

	if (read < 0) {
		error_set(&failed, -read, "read --cidfile %s", path);
		fail_one(removal, &failed);
		return;
	}
	id[strcspn(id, "\n")] = '\0';
	add_named(removal, id, ignore, ids);
}

/* Whatever fails here is found by the removal too, which kills what still runs. */
static void ignore_stopped(const char *id, const struct error *failure, void *context)
{
	(void)id;
	(void)failure;
	(void)context;
}

static int check_rm(const struct call *call, struct stop_request *ret_request, struct error *err)
{
	const struct rm_options *options = call->options;
	size_t named = call->operands.count + options->cidfiles.count;

	if (named == 0 && !options->all)
		return error_set(err, 0,
				 "rm: expected ID…, --cidfile or --all (see 'urun rm --help')");
	if (named > 0 && options->all)
		return error_set(err, 0, "rm: --all can't be given with the id of a container");
	if (!options->time)
		return 0;
	if (!options->force)
		return error_set(err, 0, "rm: --time needs --force: without it nothing is stopped");
	*ret_request = (struct stop_request){ .ignores_unknown = true };
	return stop_request_set_time(ret_request, options->time, err) < 0 ? error_prefix(err, "rm")
									  : 0;
}

static int cmd_rm(struct call *call, struct error *err)
{
	const struct rm_options *options = call->options;
	struct removal removal = {
		.root = call->globals->root,
		.how = options->force ? DELETE_FORCE : DELETE_STOPPED,
		.err = err,
	};
	autotextlist struct str_list ids = { 0 };
	struct stop_request stop = { 0 };

	if (check_rm(call, &stop, err) < 0)
		return -1;
	for (size_t i = 0; i < call->operands.count; i++)
		add_named(&removal, call->operands.items[i], options->ignore, &ids);
	for (size_t i = 0; i < options->cidfiles.count; i++)
		add_of_file(&removal, options->cidfiles.items[i], options->ignore, &ids);
	if (options->all)
		choose(&removal, !options->force, &ids);
	/* All at the same time, as each may take the whole time. */
	if (options->time && ids.count > 0)
		container_stop(removal.root, &ids, &stop, ignore_stopped, NULL);
	remove_listed(&removal, &ids);
	return removal.result;
}

static const struct option_spec options_rm[] = {
	{ "force", 'f', OPTION_FLAG, offsetof(struct rm_options, force), NULL,
	  "kill them first; no error where one doesn't exist" },
	{ "time", 't', OPTION_STRING, offsetof(struct rm_options, time), "SECONDS",
	  "with --force: stop them first, and kill them after so long; -1: never" },
	{ "all", 'a', OPTION_FLAG, offsetof(struct rm_options, all), NULL,
	  "all without a bundle: the stopped ones; with --force running ones too" },
	{ "ignore", 'i', OPTION_FLAG, offsetof(struct rm_options, ignore), NULL,
	  "no error where one doesn't exist" },
	{ "cidfile", 0, OPTION_LIST, offsetof(struct rm_options, cidfiles), "FILE",
	  "the one whose id is in FILE, by run --cidfile" },
};
static const struct command_usage usage_rm = {
	.name = "rm",
	.operands = "ID…",
	.summary = "Removes containers, and prints their ids.",
	.options = options_rm,
	.option_count = ARRAY_SIZE(options_rm),
	.options_size = sizeof(struct rm_options),
	.operands_max = -1,
};
const struct command command_rm = { &usage_rm, cmd_rm, EXIT_STATUS_OTHER };

/* ---- prune ---- */

static int cmd_prune(struct call *call, struct error *err)
{
	struct removal removal = { .root = call->globals->root, .how = DELETE_STOPPED, .err = err };
	autotextlist struct str_list ids = { 0 };

	choose(&removal, true, &ids);
	remove_listed(&removal, &ids);
	return removal.result;
}

static const struct option_spec options_prune[] = {
	{ "force", 'f', OPTION_IGNORED, 0, NULL, "nothing to do: urun asks nothing" },
};
static const struct command_usage usage_prune = {
	.name = "prune",
	.operands = "",
	.summary = "Removes all stopped containers without a bundle, and prints their ids.",
	.options = options_prune,
	.option_count = ARRAY_SIZE(options_prune),
};
const struct command command_prune = { &usage_prune, cmd_prune, EXIT_STATUS_OTHER };
