// SPDX-License-Identifier: Apache-2.0
#include "cmd/create_options.h"
#include "core/base/log.h"
#include "core/base/str.h"
#include "core/parent/lifecycle.h"
#include "core/parent/monitor.h"

/* Waits for the program, and takes away what was made for it. */
static int attend(struct created *created, const sigset_t *signals, bool keep, int *ret_status,
		  struct error *err)
{
	const struct monitored monitored = { created->child.pid, created->child.pidfd,
					     created->child.console, created->network_pidfd,
					     created->notify };
	int result = monitor_run(&monitored, signals, ret_status, err);

	if (keep)
		return result;
	if (container_finish(&created->dir, &created->state, err) < 0)
		return -1;
	return result;
}

static int run_request(const struct create_request *request, bool keep, int *ret_status,
		       struct error *err)
{
	struct created created;
	sigset_t signals;
	int result = 0;

	if (request->child.foreground)
		monitor_block_signals(&signals);
	if (container_create(request, &created, err) < 0)
		return -1;
	*ret_status = 0;
	port_print_chosen(&created.published, stderr);
	if (request->child.foreground)
		result = attend(&created, &signals, keep, ret_status, err);
	else
		notify_await_ready(&created.notify, created.child.pid, created.child.pidfd);
	created_release(&created);
	return result;
}

static int run(const struct globals *globals, int argc, char **argv, int *ret_status,
	       struct error *err)
{
	struct create_options options = { 0 };
	struct create_paths paths = { 0 };
	struct create_request request;
	int operand, begun, result = -1;

	begun = command_begin(command_run.spec, argc, argv, &options, &operand, err);
	if (begun != 0) {
		create_options_release(&options);
		return begun < 0 ? -1 : 0;
	}
	if (create_request_make(globals, &options, argv[operand], &paths, &request, err) == 0) {
		request.mode = CREATE_RUN;
		request.child.foreground = !options.detach;
		/* A console that goes elsewhere is served elsewhere. */
		result = run_request(&request, options.keep, ret_status, err);
	}
	create_paths_release(&paths);
	create_options_release(&options);
	return result;
}

static const struct option_spec options_run[] = {
	CREATE_OPTION_SPECS,
	{ "detach", 'd', OPTION_FLAG, CREATE_OPTION(detach), NULL,
	  "return as soon as the program runs" },
	{ "keep", 0, OPTION_FLAG, CREATE_OPTION(keep), NULL,
	  "keep the state after the program's end" },
};
static const struct command_spec spec_run = {
	.name = "run",
	.operands = "ID",
	.summary =
		"Makes the container of a bundle, runs its program and exits with the program's status.",
	.options = options_run,
	.option_count = ARRAY_SIZE(options_run),
	.operands_min = 1,
	.operands_max = 1,
};
const struct command command_run = { &spec_run, run, EXIT_STATUS_RUN };
