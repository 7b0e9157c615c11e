// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/create_options.h"
#include "cmd/podman_words.h"
#include "core/base/log.h"
#include "core/base/str.h"
#include "core/container/monitor.h"
#include "core/container/state.h"
#include "core/container/terminal.h"
#include "core/parent/exec.h"
#include "core/parent/streams.h"
#include "core/spec/spec_options.h"

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
	struct str_list env, env_files;
	struct str_list capabilities;
	struct str_list additional_groups;
	unsigned int preserve_fds;
	bool terminal;
	bool detach;
	bool no_new_privileges;
	bool privileged;
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

/* Such a program says nothing itself.  Little else than a filter ends a process by this signal. */
static void tell_end_by_sigsys(const char *id, int status)
{
	if (status == 128 + SIGSYS)
		log_warning("%s: exit status %d: the seccomp profile kills by SIGSYS for a system "
			    "call",
			    id, status);
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
	monitored = (struct monitored){
		.pid = child.pid,
		.pidfd = child.pidfd,
		.console = child.console,
		.slirp_pidfd = -1,
		.port_pidfd = -1,
		.notify = NOTIFY_NONE,
		.memory = MEMORY_WATCH_NONE,
	};
	if (request->child.foreground)
		result = monitor_run(&monitored, &signals, ret_status, err);
	if (request->child.foreground && result == 0)
		tell_end_by_sigsys(request->id, *ret_status);
	child_close(&child);
	return result;
}

/* A config that has nothing but the variables, for the parser that `run` has. */
static int find_variables(const struct exec_options *options, struct container_config *ret_config,
			  struct error *err)
{
	ret_config->process = arena_alloc(&ret_config->arena, sizeof(*ret_config->process));
	return spec_add_variables(&options->env_files, &options->env, ret_config, err);
}

/* False also where there is no such container, which the execution itself tells. */
static bool is_by_options(const char *root, const char *id)
{
	autocontainer struct container container = CONTAINER_NONE;
	struct error ignored = ERROR_NONE;

	return state_check_id(id, &ignored) == 0 &&
	       container_open(root, id, STATE_UNLOCKED, &container, &ignored) == 0 &&
	       container.state.by_options;
}

/*
 * A program in the background doesn't read what is typed at the shell.  It keeps no terminal and no pipe of a person
 * or a script; an engine, whose containers have bundles, gives it the streams that it is to have.
 */
static int open_streams(const struct call *call, struct streams *ret_streams, struct error *err)
{
	const struct exec_options *options = call->options;
	unsigned int closed = 0;

	if (options->terminal || options->console_socket)
		return 0;
	if (options->detach && is_by_options(call->globals->root, call->operands.items[0]))
		return streams_open(call->globals->journal_stream, false, ret_streams, err);
	if (options->detach ? isatty(STDIN_FILENO) : terminal_in_background())
		closed = STREAM_BIT(STDIN_FILENO);
	return streams_open_null(closed, ret_streams, err);
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
			.capabilities = options->capabilities,
			.additional_groups = options->additional_groups,
			.apparmor_profile = options->apparmor,
			.selinux_label = options->process_label,
			.terminal = options->terminal,
			.no_new_privileges = options->no_new_privileges,
			.privileged = options->privileged,
		},
		.child = child_request_make(call->globals, options->pid_file, options->console_socket,
					    options->pidfd_socket, options->preserve_fds),
		.cgroup = options->cgroup,
		.ignore_paused = options->ignore_paused,
	};
	struct container_config variables = { 0 };
	struct streams unattached = STREAMS_NONE;
	int result = check_exec_options(options, call->operands.count, err);

	request.child.foreground = request.child.dies_with_us = !options->detach;
	if (result == 0)
		result = find_variables(options, &variables, err);
	if (result == 0)
		result = open_streams(call, &unattached, err);
	if (result == 0) {
		request.child.streams = unattached.program;
		request.process.env = variables.process->env;
		result = run_exec_request(&request, &call->status, err);
	}
	streams_close(&unattached);
	config_release(&variables);
	return result;
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
	{ "user", 'u', OPTION_STRING, OPTION(user), "USER[:GROUP]", "run as this user of the container" },
	{ "cwd", 0, OPTION_STRING, OPTION(cwd), "DIR", "start in this directory of the container" },
	{ "workdir", 'w', OPTION_STRING, OPTION(cwd), "DIR", "the same" },
	{ "interactive", 'i', OPTION_ALWAYS, 0, NULL, "nothing to do: stdin is always passed on (</dev/null gives none)" },
	{ "env", 'e', OPTION_LIST, OPTION(env), "NAME[=VALUE]", "set a variable, or pass the caller's" },
	{ "env-file", 0, OPTION_LIST, OPTION(env_files), "FILE", "the same, a line each" },
	{ "privileged", 0, OPTION_FLAG, OPTION(privileged), NULL, "give it all capabilities of the user namespace" },
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
	.others = podman_exec_words,
	.options_size = sizeof(struct exec_options),
	.order = OPTIONS_FIRST, /* the words behind the id are the program's */
	.operands_min = 1,
	.operands_max = -1,
};
const struct command command_exec = { &usage_exec, cmd_exec, EXIT_STATUS_EXEC };
