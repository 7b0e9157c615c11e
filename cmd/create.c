// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cmd/create_options.h"
#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/base/str.h"

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
		.notify_socket = globals->notify_socket,
		.no_pivot = options->no_pivot,
		.no_new_keyring = options->no_new_keyring,
		.keep = options->keep,
		.cgroup_manager = manager,
		.ignore_cgroup_refusal = str_equal(globals->rootless, "true"),
	};
	return 0;
}

static int cmd_create(struct call *call, struct error *err)
{
	struct create_paths paths = { 0 };
	struct create_request request;
	struct created created;
	int result = create_request_make(call->globals, call->options, call->operands.items[0],
					 &paths, &request, err);

	if (result == 0) {
		request.mode = CREATE_ONLY;
		result = container_create(&request, &created, err);
	}
	if (result == 0) {
		port_print_chosen(&created.published, stderr);
		created_release(&created);
	}
	create_paths_release(&paths);
	return result;
}

static const struct option_spec options_create[] = { CREATE_OPTION_SPECS };
static const struct command_usage usage_create = {
	.name = "create",
	.operands = "ID",
	.summary = "Makes the container of a bundle; `urun start` runs its program.",
	.options = options_create,
	.option_count = ARRAY_SIZE(options_create),
	.options_size = sizeof(struct create_options),
	.operands_min = 1,
	.operands_max = 1,
};
const struct command command_create = { &usage_create, cmd_create, EXIT_STATUS_OTHER };
