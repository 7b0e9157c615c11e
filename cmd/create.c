// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/create_options.h"
#include "cmd/options.h"
#include "cmd/podman_words.h"
#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/path.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/parent/streams.h"
#include "core/seccomp/seccomp_start.h"
#include "core/spec/spec_fields.h"

void create_paths_release(struct create_paths *paths)
{
	free(paths->bundle);
	free(paths->config);
}

/*
 * Engines that pass both numbers count the same descriptors twice, so the numbers aren't added.
 * Descriptors that aren't open are skipped: podman --preserve-fd gives the highest number that it
 * wants.
 */
struct child_request child_request_make(const struct globals *globals, const char *pid_file,
					const char *console_socket, const char *pidfd_socket,
					unsigned int preserve_fds)
{
	unsigned int count =
		preserve_fds > globals->listen_fds ? preserve_fds : globals->listen_fds;

	return (struct child_request){
		.pid_file = pid_file,
		.console_socket = console_socket,
		.pidfd_socket = pidfd_socket,
		.preserve_fds = fd_count_inherited(3, count),
		.listen_fds = globals->listen_fds,
		.listen_names = globals->listen_names,
	};
}

int create_request_make(const struct globals *globals, const struct create_options *options,
			const char *id, struct create_paths *paths,
			struct create_request *ret_request, struct error *err)
{
	const char *bundle = options->bundle ? options->bundle : ".";
	enum cgroup_manager manager = globals->systemd_cgroup ? CGROUP_SYSTEMD : CGROUP_AUTO;

	if (globals->cgroup_manager &&
	    cgroup_manager_parse(globals->cgroup_manager, &manager, err) < 0)
		return -1;
	paths->bundle = realpath(bundle, NULL);
	if (!paths->bundle)
		return error_set(err, errno, "bundle %s", bundle);
	paths->config = options->config ? str_dup(options->config)
					: path_join(paths->bundle, "config.json");
	*ret_request = (struct create_request){
		.root = globals->root,
		.id = id,
		.bundle = paths->bundle,
		.config_path = paths->config,
		.child = child_request_make(globals, options->pid_file, options->console_socket,
					    options->pidfd_socket, options->preserve_fds),
		.network = options->network,
		.publish = options->publish,
		.share = options->share,
		.notify_socket = globals->notify_socket,
		.no_pivot = options->no_pivot,
		.no_new_keyring = options->no_new_keyring,
		.keep = options->keep,
		.cgroup_manager = manager,
		.ignore_cgroup_refusal = option_truth(globals->rootless) == 1,
	};
	return 0;
}

/*
 * No process of urun sees how the program of a created container ends, and a program that its own
 * profile kills at its first call says nothing: so an engine's log has the reason beforehand.
 */
static void warn_of_filter(const struct created *created)
{
	const struct config_seccomp *seccomp = created->config.linux->seccomp;
	const char *refused = seccomp ? seccomp_refused_of_start(seccomp) : NULL;

	if (refused)
		log_warning("%s: the seccomp profile refuses what programs call at their start or "
			    "end: %s; a program that is killed for that ends without a message, "
			    "with exit status %d or %d",
			    created->dir.id, refused, 128 + SIGSYS, 128 + SIGSEGV);
}

/* The process that waits for `start` has the id by which it is started; engines know the id. */
static int print_made_id(const struct call *call, const char *id, struct error *err)
{
	const struct create_options *options = call->options;

	return container_is_by_options(&options->container) && !options->name
		       ? command_print_id(id, err)
		       : 0;
}

/*
 * Nobody but `start` is told of the process that waits, so that a new run can take its place.  An engine has a bundle,
 * or wants the terminal, the pid or a descriptor.
 */
static bool is_placeholder(const struct create_request *request)
{
	const struct child_request *child = &request->child;

	return request->config && !child->console_socket && !child->pid_file &&
	       !child->pidfd_socket && child->preserve_fds == 0 && child->listen_fds == 0 &&
	       !request->notify_socket;
}

/* Else id=$(urun create …) would wait for the program, which waits for `start`. */
static int settle_placeholder(struct create_request *request, bool removes,
			      struct streams *ret_streams, struct error *err)
{
	const unsigned int all =
		STREAM_BIT(STDIN_FILENO) | STREAM_BIT(STDOUT_FILENO) | STREAM_BIT(STDERR_FILENO);

	request->placeholder = is_placeholder(request);
	if (removes && !request->placeholder)
		return error_set(
			err, 0,
			"create: --rm: whoever has the container's bundle, terminal, pid or "
			"descriptors removes it");
	if (!request->placeholder)
		return 0;
	if (removes)
		config_set_annotation(request->config, CONFIG_ANNOTATION_REMOVE, "true");
	if (streams_open_null(all, ret_streams, err) < 0)
		return -1;
	request->child.streams = ret_streams->program;
	return 0;
}

static int cmd_create(struct call *call, struct error *err)
{
	struct create_options *options = call->options;
	autoimageroot struct image_root root = IMAGE_ROOT_NONE;
	struct container_config config = { 0 };
	struct create_paths paths = { 0 };
	struct streams streams = STREAMS_NONE;
	struct create_request request = { 0 };
	char made_up[MADE_UP_ID_SIZE + 1];
	const char *id = NULL;
	struct created created;
	int result = run_options_settle(call, err);

	if (result != 0)
		return result;
	if (run_find_id(call, made_up, &id, err) < 0)
		return -1;
	if (options->container.image)
		result = run_begin_image(call, id, &root, err);
	if (result == 0 && container_is_by_options(&options->container))
		result = run_make_config(call, &root, &config, err);
	if (result == 0)
		result = create_request_make(call->globals, options, id, &paths, &request, err);
	if (result == 0) {
		request.mode = CREATE_ONLY;
		request.config = container_is_by_options(&options->container) ? &config : NULL;
		request.image_use = root.changes;
		result = settle_placeholder(&request, options->remove, &streams, err);
	}
	if (result == 0) {
		result = container_create(&request, &created, err);
		streams_close(&streams);
		if (result < 0 && request.config)
			spec_fields_to_options(err);
	}
	if (result < 0) {
		image_root_abandon(&root);
		image_root_explain(&options->container, err);
	}
	if (result == 0) {
		port_print_chosen(&created.published, stderr);
		warn_of_filter(&created);
		created_release(&created);
		result = print_made_id(call, id, err);
	}
	create_paths_release(&paths);
	config_release(&config);
	return result;
}

static const struct option_spec options_create[] = {
	CREATE_OPTION_SPECS,
	CONTAINER_OPTION_SPECS(struct create_options),
	NAME_OPTION_SPEC,
	{ "rm", 0, OPTION_FLAG, CREATE_OPTION(remove), NULL, "remove it at the end of its run" },
};
static const struct command_usage usage_create = {
	.name = "create",
	.operands = "IMAGE [COMMAND…], --rootfs DIR [COMMAND…], or ID",
	.summary = "Makes a container; `urun start` runs its program.",
	.options = options_create,
	.option_count = ARRAY_SIZE(options_create),
	.others = podman_run_words,
	.options_size = sizeof(struct create_options),
	.order = OPTIONS_FIRST,
	.operands_max = -1,
};
const struct command command_create = { &usage_create, cmd_create, EXIT_STATUS_OTHER };
