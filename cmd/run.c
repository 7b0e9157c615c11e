// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/random.h>

#include "cmd/create_options.h"
#include "core/base/log.h"
#include "core/base/str.h"
#include "core/container/lifecycle.h"
#include "core/container/monitor.h"
#include "core/parent/streams.h"

/* Waits for the program, and then removes the container. */
static int attend_program(struct created *created, const sigset_t *signals, bool keep,
			  int *ret_status, struct error *err)
{
	const struct monitored monitored = { created->child.pid,     created->child.pidfd,
					     created->child.console, created->network_pidfd,
					     created->port_pidfd,    created->notify };
	int result = monitor_run(&monitored, signals, ret_status, err);
	struct error left = ERROR_NONE;
	char line[ERROR_LINE_SIZE];
	int ours;

	if (keep)
		return result;
	/*
	 * Another command may have removed the container: `delete --force`.  Otherwise our own
	 * memory has its state, whatever a hook or the program has done to the files.
	 */
	ours = state_dir_relock(&created->dir, STATE_LOCK_MS, &left);
	if (ours < 0 || (ours && container_finish(&created->dir, &created->state, &left) < 0))
		/* The program has run, and its status is what the caller wants to know. */
		log_warning("%s", error_format(&left, line));
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
	if (request->child.foreground)
		created.held = state_hold(&created.dir);
	/*
	 * ORDER: the container is handed over: from here on any command may list, change and end
	 * it.
	 */
	state_dir_unlock(&created.dir);
	port_print_chosen(&created.published, stderr);
	if (request->child.foreground)
		result = attend_program(&created, &signals, keep, ret_status, err);
	else
		notify_await_ready(&created.notify, created.child.pid, created.child.pidfd);
	created_release(&created);
	return result;
}

/* Length of generated ids: short enough to type, long enough not to collide. */
#define ID_SIZE 12

static int make_id(char ret_id[static ID_SIZE + 1], struct error *err)
{
	unsigned char random[ID_SIZE / 2];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return error_set(err, errno, "make up an id");
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(ret_id + 2 * i, 3, "%02x", random[i]);
	return 0;
}

/*
 * The id of a bundle's container is the operand; without a bundle it is an option's, or generated.
 */
static int find_id(const struct call *call, char made_up[static ID_SIZE + 1], const char **ret_id,
		   struct error *err)
{
	const struct create_options *options = call->options;

	if (!options->container.rootfs && call->operands.count == 0)
		return error_set(err, 0, "run: expected ID, or --rootfs (see 'urun run --help')");
	*ret_id = !options->container.rootfs ? call->operands.items[0]
		  : options->name	     ? options->name
					     : made_up;
	return *ret_id == made_up ? make_id(made_up, err) : 0;
}

/* Makes the config of the options, and saves it where that was asked for. */
static int make_run_config(const struct call *call, struct container_config *ret_config,
			   struct error *err)
{
	const struct create_options *options = call->options;
	autostrbuf struct strbuf document = { 0 };

	if (container_options_config(&options->container, options->network, &call->operands,
				     ret_config, err) < 0)
		return -1;
	if (!options->save_config)
		return 0;
	return container_config_print(ret_config, &document, err) < 0
		       ? -1
		       : container_config_save(options->save_config, &document, err);
}

static int cmd_run(struct call *call, struct error *err)
{
	struct create_options *options = call->options;
	struct create_paths paths = { 0 };
	struct create_request request;
	struct container_config config = { 0 };
	char made_up[ID_SIZE + 1];
	const char *id = NULL;
	int result = run_options_settle(call, err);

	if (result != 0)
		return result;
	if (find_id(call, made_up, &id, err) < 0)
		return -1;
	if (str_equal(options->die_with_parent, "true") && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return error_set(err, errno, "run: --die-with-parent");
	if (options->container.rootfs)
		result = make_run_config(call, &config, err);
	if (result == 0)
		result = create_request_make(call->globals, options, id, &paths, &request, err);
	if (result == 0) {
		request.mode = CREATE_RUN;
		request.config = options->container.rootfs ? &config : NULL;
		/* Another program serves a console that goes elsewhere. */
		request.child.foreground = !options->detach;
		if (options->detach && options->container.rootfs)
			request.child.null_streams =
				streams_to_replace(call->globals->journal_stream);
		request.child.dies_with_us =
			!options->detach && !str_equal(options->die_with_parent, "false");
		result = run_request(&request, options->keep, &call->status, err);
	}
	create_paths_release(&paths);
	config_release(&config);
	/* Prints the made-up id, by which the other commands find the container. */
	if (result == 0 && id == made_up && options->detach)
		puts(id);
	return result;
}

static const struct option_spec options_run[] = {
	RUN_OPTION_SPECS,
};
static const struct command_usage usage_run = {
	.name = "run",
	.operands = "ID, or --rootfs DIR [COMMAND…]",
	.summary = "Makes a container, runs its program and exits with its status.",
	.options = options_run,
	.option_count = ARRAY_SIZE(options_run),
	.options_size = sizeof(struct create_options),
	.order = OPTIONS_FIRST,
	.operands_max = -1,
};
const struct command command_run = { &usage_run, cmd_run, EXIT_STATUS_RUN };
