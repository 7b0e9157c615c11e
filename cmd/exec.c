// SPDX-License-Identifier: Apache-2.0
#include "cmd/command.h"
#include "cmd/create_options.h"
#include "core/base/str.h"
#include "core/container/monitor.h"
#include "core/parent/exec.h"

struct exec_options {
	const char *process;
	const char *pid_file;
	const char *console_socket;
	const char *pidfd_socket;
	const char *user;
	const char *cwd;
	const char *apparmor;
	const char *process_label;
	const char *cgroup;
	struct str_list env;
	struct str_list capabilities;
	struct str_list additional_groups;
	unsigned int preserve_fds;
	bool terminal;
	bool detach;
	bool no_new_privileges;
	bool ignore_paused;
};

static int check_exec_options(const struct exec_options *options, int words, struct error *err)
{
	if (!options->process && words < 2)
		return error_set(err, 0,
				 "exec: a program is missing: ID PROGRAM [ARG…], or --process");
	if (options->process && words > 1)
		return error_set(err, 0,
				 "exec: the program is in --process %s, and can't be given twice",
				 options->process);
	return 0;
}

static int run_exec_request(const struct exec_request *request, int *ret_status, struct error *err)
{
	struct child child;
	struct monitored monitored;
	sigset_t signals;
	int result = 0;

	if (request->child.foreground)
		monitor_block_signals(&signals);
	if (container_exec(request, &child, err) < 0)
		return -1;
	monitored =
		(struct monitored){ child.pid, child.pidfd, child.console, -1, -1, NOTIFY_NONE };
	if (request->child.foreground)
		result = monitor_run(&monitored, &signals, ret_status, err);
	child_close(&child);
	return result;
}

static int cmd_exec(struct call *call, struct error *err)
{
	const struct exec_options *options = call->options;
	struct exec_request request = {
		.root = call->globals->root,
		.id = call->operands.items[0],
		.process = {
			.file = options->process,
			.args = { call->operands.items + 1, (size_t)call->operands.count - 1 },
			.user = options->user,
			.cwd = options->cwd,
			.env = options->env,
			.capabilities = options->capabilities,
			.additional_groups = options->additional_groups,
			.apparmor_profile = options->apparmor,
			.selinux_label = options->process_label,
			.terminal = options->terminal,
			.no_new_privileges = options->no_new_privileges,
		},
		.child = child_request_make(call->globals, options->pid_file, options->console_socket,
					    options->pidfd_socket, options->preserve_fds),
		.cgroup = options->cgroup,
		.ignore_paused = options->ignore_paused,
	};

	request.child.foreground = request.child.dies_with_us = !options->detach;
	if (check_exec_options(options, call->operands.count, err) < 0)
		return -1;
	return run_exec_request(&request, &call->status, err);
}

#define OPTION(member) offsetof(struct exec_options, member)

/* clang-format off */
static const struct option_spec options_exec[] = {
	{ "process", 'p', OPTION_STRING, OPTION(process), "FILE", "the process, as JSON" },
	{ "detach", 'd', OPTION_FLAG, OPTION(detach), NULL, "return as soon as the program runs" },
	{ "pid-file", 0, OPTION_STRING, OPTION(pid_file), "FILE", "write the process's pid there" },
	{ "tty", 't', OPTION_FLAG, OPTION(terminal), NULL, "give it a terminal" },
	{ "console-socket", 0, OPTION_STRING, OPTION(console_socket), "SOCKET", "send the terminal's master to this socket" },
	{ "pidfd-socket", 0, OPTION_STRING, OPTION(pidfd_socket), "SOCKET", "send the process's pidfd to this socket" },
	{ "preserve-fds", 0, OPTION_NUMBER, OPTION(preserve_fds), "N", "pass descriptors 3 to N+2 on to the program" },
	{ "user", 'u', OPTION_STRING, OPTION(user), "UID[:GID]", "run as this user of the container" },
	{ "cwd", 0, OPTION_STRING, OPTION(cwd), "DIR", "start in this directory of the container" },
	{ "env", 'e', OPTION_LIST, OPTION(env), "NAME=VALUE", "set a variable" },
	{ "cap", 'c', OPTION_LIST, OPTION(capabilities), "CAP", "add a capability" },
	{ "additional-gids", 'g', OPTION_LIST, OPTION(additional_groups), "GID", "add a supplementary group" },
	{ "no-new-privs", 0, OPTION_FLAG, OPTION(no_new_privileges), NULL, "set no_new_privs" },
	{ "apparmor", 0, OPTION_STRING, OPTION(apparmor), "PROFILE", "run with this AppArmor profile" },
	{ "process-label", 0, OPTION_STRING, OPTION(process_label), "LABEL", "run with this SELinux label" },
	{ "cgroup", 0, OPTION_STRING, OPTION(cgroup), "PATH", "run in this cgroup below the container's" },
	{ "ignore-paused", 0, OPTION_FLAG, OPTION(ignore_paused), NULL, "let it wait in a container that is paused" },
	{ "no-subreaper", 0, OPTION_IGNORED, 0, NULL, "nothing to do: urun is never a subreaper" },
};
/* clang-format on */
static const struct command_usage usage_exec = {
	.name = "exec",
	.operands = "ID [PROGRAM [ARG…]]",
	.summary = "Runs a program in a running container and exits with its status.",
	.options = options_exec,
	.option_count = ARRAY_SIZE(options_exec),
	.options_size = sizeof(struct exec_options),
	.order = OPTIONS_FIRST, /* the words behind the id are the program's */
	.operands_min = 1,
	.operands_max = -1,
};
const struct command command_exec = { &usage_exec, cmd_exec, EXIT_STATUS_EXEC };
