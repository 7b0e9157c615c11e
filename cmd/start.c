// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: parent.
 *
 * `start` of a created container is the engines' command.  A stopped container without a bundle is
 * started again, with the same id and log (core/container/again.h); `restart` stops it first.  So is a created
 * one whose process has nothing of its creator's: only a new run has a log, a monitor, or a terminal.
 */
#include "cmd/start.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "cmd/create_options.h"
#include "cmd/options.h"
#include "cmd/podman_words.h"
#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/container/again.h"
#include "core/container/lifecycle.h"
#include "core/parent/streams.h"

/* How long the monitor of the run before may take for the rest of its log. */
#define MONITOR_MS 10000

/* ---- a stopped container ---- */

static int manager_of_again(const struct globals *globals, const struct container_state *state,
			    enum cgroup_manager *ret_manager, struct error *err)
{
	*ret_manager = state->manager < 0 ? CGROUP_AUTO : (enum cgroup_manager)state->manager;
	if (globals->systemd_cgroup)
		*ret_manager = CGROUP_SYSTEMD;
	return globals->cgroup_manager
		       ? cgroup_manager_parse(globals->cgroup_manager, ret_manager, err)
		       : 0;
}

static int run_again(const struct globals *globals, struct create_request *request,
		     enum start_streams streams, int *ret_status, struct error *err)
{
	bool removed =
		str_equal(config_annotation(request->config, CONFIG_ANNOTATION_REMOVE), "true");
	struct streams unattached = STREAMS_NONE;
	int result;

	if (streams == START_DETACHED)
		return run_detached(request, globals, ret_status, err);
	request->child.foreground = true;
	request->child.dies_with_us = true;
	request->attended = true;
	request->keep = !removed;
	/* A terminal is for both directions. */
	result = streams == START_ALL || request->config->process->terminal
			 ? 0
			 : streams_open_null(STREAM_BIT(STDIN_FILENO), &unattached, err);
	request->child.streams = unattached.program;
	if (result == 0)
		result = run_request(request, request->keep, ret_status, err);
	streams_close(&unattached);
	request->child.streams = NULL;
	return result;
}

int start_again(const struct globals *globals, struct container *container,
		enum start_streams streams, int *ret_status, struct error *err)
{
	autofree char *origin = path_join(container->dir.path, STATE_FILE_ORIGIN);
	autofree char *id = str_dup(container->dir.id);
	autofree char *bundle = str_dup(container->state.bundle);
	struct container_config config = { 0 };
	struct create_request request = {
		.mode = CREATE_RUN,
		.root = globals->root,
		.id = id,
		.bundle = bundle,
		.config_path = origin,
		.config = &config,
		.child = child_request_make(globals, NULL, NULL, NULL, 0),
		.notify_socket = globals->notify_socket,
		.no_pivot = container->state.no_pivot,
		.no_new_keyring = !container->state.new_keyring,
		.again = container,
		.ignore_cgroup_refusal = option_truth(globals->rootless) == 1,
	};
	int result = manager_of_again(globals, &container->state, &request.cgroup_manager, err);

	if (result == 0)
		result = again_read_origin(&container->dir, &config, err);
	if (result == 0)
		result = run_again(globals, &request, streams, ret_status, err);
	config_release(&config);
	return result;
}

/* The monitor still writes to the directory.  Without the lock, as `delete` of --rm wants it. */
static int await_monitor(struct container *container, struct error *err)
{
	autoclose int monitor = state_open_monitor(&container->state);
	struct pollfd end = { .fd = monitor, .events = POLLIN };
	int ready, locked;

	if (monitor < 0)
		return 0;
	state_dir_unlock(&container->dir);
	ready = poll(&end, 1, MONITOR_MS);
	locked = state_dir_relock(&container->dir, STATE_LOCK_MS, err);
	if (locked < 0)
		return -1;
	if (locked == 0)
		return error_set(err, 0, "container %s does not exist any more", container->dir.id);
	if (state_read_again(&container->dir, &container->state, err) < 0)
		return -1;
	return ready == 0 ? error_set(err, 0,
				      "container %s has ended, and the process that waits for it "
				      "doesn't end",
				      container->dir.id)
			  : 0;
}

/* The process that waits for `start`, where a new run replaces it (placeholder), is ended. */
static int end_waiting(const struct container *container, enum container_status *status,
		       struct error *err)
{
	autoclose int waiting = -1;
	int result = container_status(container, status, &waiting, err);

	if (result < 0 || *status != CONTAINER_CREATED || !container->state.placeholder)
		return result;
	if (container_kill_first(waiting, container->dir.id, err) < 0)
		return -1;
	*status = CONTAINER_STOPPED;
	return 0;
}

int start_open_stopped(const char *root, const char *id, struct container *ret_container,
		       struct error *err)
{
	struct container container = CONTAINER_NONE;
	enum container_status status;
	int result, found;

	if (container_open(root, id, STATE_LOCKED, &container, err) != 0)
		return -1;
	result = end_waiting(&container, &status, err);
	found = result < 0 ? -1 : state_has_file(&container.dir, STATE_FILE_ORIGIN, err);
	if (found <= 0 || status != CONTAINER_STOPPED) {
		container_close(&container);
		return found < 0 ? -1 : 1;
	}
	/* Another command can have started it while the monitor was waited for. */
	if (await_monitor(&container, err) < 0 ||
	    container_status(&container, &status, NULL, err) < 0 ||
	    (status != CONTAINER_STOPPED &&
	     error_set(err, 0, "container %s can't be started: it is %s", id,
		       container_status_name(status)))) {
		container_close(&container);
		return -1;
	}
	*ret_container = container;
	return 0;
}

/* ---- start ---- */

struct start_options {
	bool attach;
	bool interactive;
};

static int start_one(struct call *call, const char *id, enum start_streams streams,
		     struct error *err)
{
	autocontainer struct container container = CONTAINER_NONE;
	const struct globals *globals = call->globals;
	int opened = start_open_stopped(globals->root, id, &container, err);

	if (opened == 0)
		return start_again(globals, &container, streams, &call->status, err);
	if (opened > 0 && streams != START_DETACHED)
		return error_set(
			err, 0,
			"container %s can't be attached to: it has a bundle, or was handed "
			"over by create, or runs already",
			id);
	return opened < 0 ? -1 : container_start(globals->root, id, globals->notify_socket, err);
}

static int cmd_start(struct call *call, struct error *err)
{
	const struct start_options *options = call->options;
	enum start_streams streams = !options->attach	    ? START_DETACHED
				     : options->interactive ? START_ALL
							    : START_OUTPUT;
	int status = 0, failed = 0;
	pid_t caller = getpid();

	if (options->interactive && !options->attach)
		return error_set(err, 0,
				 "start: --interactive needs --attach: in the background stdin is "
				 "/dev/null");
	if (options->attach && call->operands.count > 1)
		return error_set(err, 0, "start: --attach takes one container");
	for (size_t i = 0; i < call->operands.count; i++) {
		struct error one = ERROR_NONE;
		int result = start_one(call, call->operands.items[i], streams, &one);

		/* The creator of a container in the background, which has failed. */
		if (getpid() != caller)
			return error_take(err, &one);
		status = status ? status : call->status;
		call->status = status;
		if (result < 0)
			failed = command_fail_also(&one, err);
	}
	return failed;
}

static const struct option_spec options_start[] = {
	{ "attach", 'a', OPTION_FLAG, offsetof(struct start_options, attach), NULL,
	  "show the output, pass signals on, and exit with the program's status" },
	{ "interactive", 'i', OPTION_FLAG, offsetof(struct start_options, interactive), NULL,
	  "with --attach: pass stdin on too" },
};
static const struct command_usage usage_start = {
	.name = "start",
	.operands = "ID…",
	.summary = "Runs the program of a created container, or of a stopped one again.",
	.options = options_start,
	.option_count = ARRAY_SIZE(options_start),
	.others = podman_start_words,
	.options_size = sizeof(struct start_options),
	.operands_min = 1,
	.operands_max = -1,
};
const struct command command_start = { &usage_start, cmd_start, EXIT_STATUS_OTHER };
