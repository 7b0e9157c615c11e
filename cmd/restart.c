// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/podman_words.h"
#include "cmd/start.h"
#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/container/again.h"
#include "core/container/stop.h"

struct restart_options {
	const char *time;
	bool all;
	bool running;
};

/*
 * ORDER: before the container is stopped: one that couldn't be started again goes on running.
 */
static int check_restartable(const struct container *container, struct error *err)
{
	const char *id = container->dir.id;
	struct container_config config;
	int found = state_has_file(&container->dir, STATE_FILE_ORIGIN, err), result = 0;
	struct stat st;

	if (found < 0)
		return -1;
	if (found == 0 && container->state.by_options)
		return error_set(err, 0,
				 "container %s can't be restarted: it belongs to a `run` in the "
				 "foreground, which removes it at its end",
				 id);
	if (found == 0)
		return error_set(err, 0,
				 "container %s can't be restarted: it has a bundle, and whoever "
				 "created it starts it again",
				 id);
	if (again_read_origin(&container->dir, &config, err) < 0)
		return -1;
	if (stat(config.root->path, &st) < 0)
		result = error_set(err, errno,
				   "container %s can't be restarted: root file system %s", id,
				   config.root->path);
	config_release(&config);
	return result;
}

/*
 * Returns 1 where it isn't to be restarted, since only running ones are.  *@ret_kept is again_keep()'s where it has
 * to be stopped.
 */
static int look_before(const char *root, const char *id, bool running_only, int *ret_kept,
		       struct error *err)
{
	autocontainer struct container container = CONTAINER_NONE;
	enum container_status status;

	if (container_open(root, id, STATE_LOCKED, &container, err) != 0 ||
	    container_status(&container, &status, NULL, err) < 0 ||
	    check_restartable(&container, err) < 0)
		return -1;
	if (status != CONTAINER_STOPPED)
		return again_keep(&container.dir, ret_kept, err);
	return running_only;
}

static int restart_one(struct call *call, const char *id, const struct stop_request *stop,
		       bool running_only, struct error *err)
{
	autocontainer struct container container = CONTAINER_NONE;
	const char *root = call->globals->root;
	autoclose int kept = -1;
	int result = look_before(root, id, running_only, &kept, err);

	if (result == 0 && kept >= 0)
		result = container_stop_one(root, id, stop, err);
	if (result != 0)
		return result;
	result = start_open_stopped(root, id, &container, err);
	/* ORDER: under the lock of the directory; the new run must not be kept from its own removal. */
	fd_close(&kept);
	if (result > 0)
		return error_set(err, 0,
				 "container %s can't be restarted: another command has started it",
				 id);
	return result < 0
		       ? -1
		       : start_again(call->globals, &container, START_DETACHED, &call->status, err);
}

/* --all and --running choose no container of a bundle, since it belongs to an engine. */
static bool is_chosen(const char *root, const char *id)
{
	autocontainer struct container container = CONTAINER_NONE;
	struct error ignored = ERROR_NONE;

	return container_open(root, id, STATE_UNLOCKED, &container, &ignored) == 0 &&
	       state_has_file(&container.dir, STATE_FILE_ORIGIN, &ignored) > 0;
}

static int make_stop(const struct restart_options *options, struct stop_request *ret_stop,
		     struct error *err)
{
	*ret_stop = (struct stop_request){ 0 };
	return stop_request_set_time(ret_stop, options->time, err) < 0
		       ? error_prefix(err, "restart")
		       : 0;
}

static int cmd_restart(struct call *call, struct error *err)
{
	const struct restart_options *options = call->options;
	bool choose = options->all || options->running;
	const struct str_list *ids = &call->operands;
	autotextlist struct str_list all = { 0 };
	struct stop_request stop;
	pid_t caller = getpid();
	int status = 0, failed = 0;

	if (make_stop(options, &stop, err) < 0)
		return -1;
	if (choose ? ids->count > 0 : ids->count == 0)
		return error_set(err, 0, "restart: expected %s (see 'urun restart --help')",
				 choose ? "no ID with --all and --running"
					: "ID…, --all or --running");
	if (choose && state_list(call->globals->root, &all, err) < 0)
		return -1;
	if (choose)
		ids = &all;
	for (size_t i = 0; i < ids->count; i++) {
		const char *id = ids->items[i];
		struct error one = ERROR_NONE;
		int result = 1;

		call->status = 0;
		if (!choose || is_chosen(call->globals->root, id))
			result = restart_one(call, id, &stop, options->running, &one);
		/* The creator of a container in the background, which has failed. */
		if (getpid() != caller)
			return error_take(err, &one);
		status = status ? status : call->status;
		if (result == 0 && call->status == 0)
			result = command_print_id(id, &one);
		if (result < 0)
			failed = command_fail_also(&one, err);
	}
	call->status = status;
	return failed;
}

static const struct option_spec options_restart[] = {
	{ "time", 't', OPTION_STRING, offsetof(struct restart_options, time), "SECONDS",
	  "how long to wait before the container is killed (default: 10); -1: without end" },
	{ "all", 'a', OPTION_FLAG, offsetof(struct restart_options, all), NULL,
	  "all without a bundle, stopped ones too" },
	{ "running", 0, OPTION_FLAG, offsetof(struct restart_options, running), NULL,
	  "all without a bundle that run" },
};
static const struct command_usage usage_restart = {
	.name = "restart",
	.operands = "ID…",
	.summary = "Stops containers and starts them again, with the same options.",
	.options = options_restart,
	.option_count = ARRAY_SIZE(options_restart),
	.others = podman_restart_words,
	.options_size = sizeof(struct restart_options),
	.operands_max = -1,
};
const struct command command_restart = { &usage_restart, cmd_restart, EXIT_STATUS_OTHER };
