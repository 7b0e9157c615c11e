// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>

#include "cmd/create_options.h"
#include "cmd/podman_words.h"
#include "cmd/run_life.h"
#include "core/base/log.h"
#include "core/base/remove.h"
#include "core/base/str.h"
#include "core/base/trace.h"
#include "core/config/change.h"
#include "core/config/ending.h"
#include "core/container/ended.h"
#include "core/container/lifecycle.h"
#include "core/container/monitor.h"
#include "core/container/processes.h"
#include "core/parent/streams.h"
#include "core/seccomp/seccomp_start.h"
#include "core/spec/spec_fields.h"

/* A program that a signal has ended has this and the signal's number as its status. */
#define EXIT_BY_SIGNAL 128

/*
 * Removes the container at its end, unless another command has removed it: `delete --force`.  Our own
 * memory has its state, whatever a hook or the program has done to the files.
 */
static void remove_at_end(struct created *created, const struct ended *ended)
{
	struct state_dir *dir = &created->dir;
	struct error left = ERROR_NONE;
	char line[ERROR_LINE_SIZE];
	int ours = state_dir_relock(dir, STATE_LOCK_MS, &left), waited = ours;

	/* A hook may have taken our rights on the directory away. */
	if (ours > 0 && remove_make_accessible(dir->fd) == 0)
		waited = state_has_file(dir, STATE_FILE_WAITED, &left);
	if (waited > 0)
		waited = ended_write(dir, ended, &left);
	if (waited < 0)
		log_warning("%s", error_format(&left, line));
	/* The program has run, and its status is what the caller wants to know. */
	if (ours > 0 && container_finish(dir, &created->state, &left) < 0)
		log_warning("%s", error_format(&left, line));
}

/* The container is kept, unless another command has removed it. */
static void keep_ended(struct created *created, const struct ended *ended)
{
	struct error failed = ERROR_NONE;
	char line[ERROR_LINE_SIZE];

	if (ended_write(&created->dir, ended, &failed) < 0 && failed.code != ENOENT)
		log_warning("%s", error_format(&failed, line));
	if (processes_end_rest(&created->state, &failed) < 0)
		log_warning("%s", error_format(&failed, line));
}

/*
 * A program that its seccomp profile has killed, or whose C library can't start, says nothing.  The
 * status may also be that of a shell whose command has ended so.
 */
static void tell_end_by_filter(const struct created *created, int status)
{
	const struct config_seccomp *seccomp = created->config.linux->seccomp;
	const char *refused = seccomp ? seccomp_refused_of_start(seccomp) : NULL;

	if (seccomp && status == EXIT_BY_SIGNAL + SIGSYS)
		log_warning("%s: exit status %d: the seccomp profile kills by SIGSYS for a system "
			    "call%s%s",
			    created->dir.id, status,
			    refused ? "; it refuses what programs call at their start or end: "
				    : "",
			    refused ? refused : "");
	else if (refused && status == EXIT_BY_SIGNAL + SIGSEGV)
		log_warning("%s: exit status %d: the seccomp profile refuses what programs call at "
			    "their start or end: %s",
			    created->dir.id, status, refused);
}

/* Waits for the program, and then removes the container. */
static int attend_program(const struct create_request *request, struct created *created,
			  const sigset_t *signals, bool keep, int *ret_status, struct error *err)
{
	struct ended ended = { 0 };
	struct ending ending = { 0 };
	struct error ignored = ERROR_NONE;
	/* The plan has refused annotations that can't be read. */
	int known = ending_read(&created->config.annotations, &ending, &ignored);
	const struct monitored monitored = {
		.pid = created->child.pid,
		.pidfd = created->child.pidfd,
		.console = created->child.console,
		.slirp_pidfd = created->network_pidfd,
		.port_pidfd = created->port_pidfd,
		.notify = created->notify,
		.memory = created->memory,
		.ended = &ended,
		.has_pid1 = known == 0 && ending.init,
		.second_interrupt_kills = request->config || ending.init,
		.lifetime_seconds = ending.lifetime_seconds,
	};
	int result;

	trace_step("the program runs");
	result = monitor_run(&monitored, signals, ret_status, err);
	trace_step("remove");

	if (result == 0)
		tell_end_by_filter(created, *ret_status);
	if (!keep)
		remove_at_end(created, &ended);
	else if (result == 0)
		keep_ended(created, &ended);
	ended_release(&ended);
	return result;
}

int run_request(const struct create_request *request, bool keep, int *ret_status, struct error *err)
{
	struct created created;
	sigset_t signals;
	int result = 0;

	if (request->child.foreground)
		monitor_block_signals(&signals);
	if (container_create(request, &created, err) < 0) {
		if (request->config)
			spec_fields_to_options(err);
		return -1;
	}
	if (request->child.foreground)
		created.held = state_hold(&created.dir);
	/*
	 * ORDER: the container is handed over: from here on any command may list, change and end
	 * it.
	 */
	state_dir_unlock(&created.dir);
	port_print_chosen(&created.published, stderr);
	if (request->child.foreground)
		result = attend_program(request, &created, &signals, keep, ret_status, err);
	else
		notify_await_ready(&created.notify, &created.state, created.child.pidfd);
	created_release(&created);
	return result;
}

/*
 * Does `run` print the id, by which the other commands find the container? That of a container in
 * the background, as podman does; but engines, which run bundles, receive no line that runc doesn't
 * print. A name that the caller knows isn't put before the program's output in a file.
 */
static bool shall_print_id(const struct call *call)
{
	const struct create_options *options = call->options;

	return options->detach && container_is_by_options(&options->container) &&
	       (!options->name ||
		!stream_outlives_caller(STDOUT_FILENO, call->globals->journal_stream));
}

static int run_call(struct call *call, struct error *err)
{
	struct create_options *options = call->options;
	struct create_paths paths = { 0 };
	struct create_request request;
	struct container_config config = { 0 };
	struct streams unattached = STREAMS_NONE;
	autoimageroot struct image_root root = IMAGE_ROOT_NONE;
	char made_up[MADE_UP_ID_SIZE + 1];
	const char *id = NULL;
	bool by_options;
	int result = run_options_settle(call, err);

	if (result != 0)
		return result;
	if (run_life_settle(options, err) < 0 || run_find_id(call, made_up, &id, err) < 0)
		return -1;
	by_options = container_is_by_options(&options->container);
	if (str_equal(options->die_with_parent, "true") && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return error_set(err, errno, "run: --die-with-parent");
	/* ORDER: before anything is made: the file may be another container's. */
	if (run_life_write_id(options, id, err) < 0)
		return -1;
	result = streams_open_null(run_life_unattached(options), &unattached, err);
	if (result == 0 && options->container.image)
		result = run_begin_image(call, id, &root, err);
	if (result == 0 && by_options)
		result = run_make_config(call, &root, &config, err);
	if (result == 0)
		result = create_request_make(call->globals, options, id, &paths, &request, err);
	if (result == 0) {
		request.mode = CREATE_RUN;
		request.config = by_options ? &config : NULL;
		request.image_use = root.changes;
		/* Another program serves a console that goes elsewhere. */
		request.child.foreground = !options->detach;
		request.attended = !options->detach;
		request.replace = options->replace;
		request.child.streams = unattached.program;
		request.child.dies_with_us =
			!options->detach && !str_equal(options->die_with_parent, "false");
		result = options->detach && by_options
				 ? run_detached(&request, call->globals, &call->status, err)
				 : run_request(&request, options->keep, &call->status, err);
	}
	if (result < 0) {
		run_life_remove_id(options);
		image_root_abandon(&root);
		image_root_explain(&options->container, err);
	}
	streams_close(&unattached);
	create_paths_release(&paths);
	config_release(&config);
	if (result == 0 && call->status == 0 && shall_print_id(call))
		result = command_print_id(id, err);
	return result;
}

static int cmd_run(struct call *call, struct error *err)
{
	int result = run_call(call, err);

	if (result < 0)
		run_options_hint(call, err);
	return result;
}

static const struct option_spec options_run[] = {
	RUN_OPTION_SPECS,
};
static const struct command_usage usage_run = {
	.name = "run",
	.operands = "IMAGE [COMMAND…], [--rootfs DIR] -- [COMMAND…], or ID",
	.summary = "Makes a container, runs its program and exits with its status.",
	.options = options_run,
	.option_count = ARRAY_SIZE(options_run),
	.others = podman_run_words,
	.options_size = sizeof(struct create_options),
	.order = OPTIONS_FIRST,
	.operands_max = -1,
};
const struct command command_run = { &usage_run, cmd_run, EXIT_STATUS_RUN };
