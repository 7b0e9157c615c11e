// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: parent.
 *
 * The story of `exec`: exec_in_steps(), at the end of this file.
 *
 * The new process is made as the first one of a container is (core/parent/launch.h, clone.h), but joins
 * namespaces in place of making them, and mounts nothing.  The container is not trusted: it may end, or be
 * deleted, at any moment, and a program in it may hold CAP_SYS_PTRACE in its user namespace.  So
 *   - every namespace is opened by a descriptor, and the pidfd of the first process then says whether
 *     the pid was that process all the while;
 *   - the new process joins by itself, the pid namespace last, when nothing of the host's is open in it
 *     any more (the head of core/parent/clone.c tells the attack);
 *   - the process gets the container's filter, labels and capabilities before it is told to run.
 * Nothing of an exec is written to the container's state.  core/init/setns.c tells the story from the
 * new process's side.
 */
#include "core/parent/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/path.h"
#include "core/base/pidfd.h"
#include "core/base/str.h"
#include "core/base/trace.h"
#include "core/cgroup/systemd.h"
#include "core/cgroup/tree.h"
#include "core/container/bypass.h"
#include "core/container/network.h"
#include "core/container/state.h"
#include "core/parent/affinity.h"
#include "core/parent/clone.h"
#include "core/parent/filter.h"
#include "core/parent/grant.h"
#include "core/parent/launch.h"
#include "core/parent/limit_fallback.h"
#include "rootless/scope.h"
#include "rootless/userns.h"

/* Working state of one exec. */
struct execution {
	const struct exec_request *request;
	struct container container;
	struct container_config config; /* the container's, with the process that was asked for */
	int init_pidfd;
	struct userns_caller caller;
	struct userns_plan userns;
	struct namespaces namespaces;
	char *cgroup; /* NULL: the container has none */
	int cgroup_fd;
	struct filter filter;
	int bypass; /* a connection to the container's urun-bypass; -1: it has none */
	struct launch launch;
	struct child child;
};

/* ---- before any process exists ---- */

static int check_container(struct execution *execution, struct error *err)
{
	const struct exec_request *request = execution->request;
	const struct container *container = &execution->container;
	enum container_status status;

	if (container_status(container, &status, &execution->init_pidfd, err) < 0)
		return -1;
	if (status == CONTAINER_PAUSED && !request->ignore_paused)
		return error_set(err, 0,
				 "the container is paused: resume it first, or use "
				 "--ignore-paused");
	if (status != CONTAINER_RUNNING && status != CONTAINER_PAUSED &&
	    status != CONTAINER_CREATED)
		return error_set(err, 0,
				 "container not running: nothing can be executed in it, it is %s",
				 container_status_name(status));
	network_warn_if_lost(&execution->container.dir, &execution->container.state);
	return state_read_config(&execution->container.dir, &execution->config, err);
}

/*
 * Finds the cgroup of the new process: the container's, or the one below it that --cgroup names.  Where
 * the container manages cgroups itself and has enabled controllers for cgroups below its own, the kernel
 * lets no process into its own: the new process enters the cgroup of the container's first process.
 */
static int choose_cgroup(struct execution *execution, struct error *err)
{
	const struct container_state *state = &execution->container.state;
	const char *below = execution->request->cgroup;
	autofree char *control = NULL;

	if (!state->cgroup && below)
		return error_set(err, 0, "option --cgroup: the container has no cgroup");
	if (!state->cgroup)
		return 0;
	if (below) {
		autofree char *joined = path_clean(below);

		execution->cgroup = str_format("%s%s", state->cgroup, joined);
		execution->cgroup_fd = cgroup_open(execution->cgroup);
		if (execution->cgroup_fd < 0)
			return error_set(err, -execution->cgroup_fd, "option --cgroup: open %s",
					 execution->cgroup);
		return 0;
	}
	control = cgroup_read(state->cgroup, "cgroup.subtree_control");
	execution->cgroup = control && control[0] > '\n' ? cgroup_of((pid_t)state->pid.value)
							 : str_dup(state->cgroup);
	if (!execution->cgroup)
		return error_set(err, 0, "container not running: it has no cgroup any more");
	execution->cgroup_fd = cgroup_open(execution->cgroup);
	return execution->cgroup_fd < 0
		       ? error_set(err, -execution->cgroup_fd, "open cgroup %s", execution->cgroup)
		       : 0;
}

/*
 * Where --limit-fallback gave the container a part of the processors, the process gets the same ones.
 * The rlimits are in the container's config already.
 */
static int bind_by_fallback(const struct execution *execution, struct error *err)
{
	const struct container_state *state = &execution->container.state;
	int asked = limit_fallback_is_asked(&execution->config, err);

	return asked > 0 && !state->cgroup ? limit_fallback_bind_like(execution->child.pid,
								      (pid_t)state->pid.value, err)
					   : asked;
}

static int check_exec_rights(const struct execution *execution, struct error *err)
{
	if (!execution->container.state.shows_host ||
	    !config_may_get(execution->config.process, CAP_SYS_ADMIN))
		return 0;
	error_set(
		err, 0,
		"the container shows the host's own system, which CAP_SYS_ADMIN could make writable");
	return error_hint(err,
			  "leave --privileged and CAP_SYS_ADMIN out; with fuse-overlayfs and an "
			  "open /dev/fuse the sandbox has an overlay instead");
}

static int prepare_process(struct execution *execution, struct error *err)
{
	const struct exec_request *request = execution->request;
	struct container_config *config = &execution->config;

	if (choose_cgroup(execution, err) < 0 ||
	    exec_process_make(&request->process, config, err) < 0 ||
	    check_exec_rights(execution, err) < 0)
		return -1;
	child_announce_listen_fds(&request->child, config);
	if (child_check_request(&request->child, config->process, err) < 0 ||
	    userns_caller_read(&HOST_REAL, &execution->caller, err) < 0 ||
	    userns_plan_of_process((pid_t)execution->container.state.pid.value, &execution->caller,
				   &execution->userns, err) < 0)
		return -1;
	return scope_process(config, &execution->userns, &execution->caller, err);
}

/*
 * ORDER: the namespaces are opened by the number of the pid; afterwards the pidfd is asked whether that
 * number was the container's first process all the while.
 */
static int open_container_namespaces(struct execution *execution, struct error *err)
{
	if (namespaces_open_of_process((pid_t)execution->container.state.pid.value,
				       &execution->namespaces, err) < 0)
		return -1;
	return pidfd_signal(execution->init_pidfd, 0) < 0
		       ? error_set(err, 0,
				   "container not running: it ended while it was to be entered")
		       : 0;
}

static int prepare_filters(struct execution *execution, struct error *err)
{
	bool emulation = execution->container.state.root_emulation;

	return filter_prepare(execution->request->root, &execution->config,
			      emulation ? &execution->userns : NULL, &execution->filter, err);
}

/* ---- the child's life until its program runs ---- */

static int clone_setns(struct execution *execution, struct error *err)
{
	struct launch *launch = &execution->launch;

	launch->request = &execution->request->child;
	launch->config = &execution->config;
	launch->userns = &execution->userns;
	launch->caller = &execution->caller;
	launch->namespaces = &execution->namespaces;
	launch->filter = &execution->filter;
	launch->id = execution->request->id;
	launch->cgroup_fd = execution->cgroup_fd;
	launch->child = &execution->child;
	return launch_clone(launch, err) < 0 ? -1 : launch_join(launch, err);
}

/*
 * Asks systemd to move the process, where the kernel refuses.  The kernel demands the right to write to
 * the cgroup that is the common parent of both places; between two sessions of a user, that cgroup is
 * root's.  The innermost unit is tried first.  A unit that has ended with the container still in it
 * (KillMode=process) takes no process, and a user's systemd without a bus can't be asked.  The unit of the
 * user's systemd itself is delegated to the user as well, so the system's systemd moves a process to any
 * place below that unit.
 */
static int enter_by_systemd(const struct execution *execution, struct error *err)
{
	struct error first = ERROR_NONE;

	for (size_t outward = 0;; outward++) {
		struct error attach = ERROR_NONE;
		autofree char *unit = NULL;
		const char *below;
		bool user;

		if (!systemd_unit_of(execution->cgroup, outward, &unit, &below, &user))
			break;
		if (systemd_attach(user, unit, below, execution->child.pid, &attach) == 0) {
			*err = ERROR_NONE;
			return 0;
		}
		log_debug("attach process %d to %s: %s", execution->child.pid, unit, attach.text);
		if (outward == 0)
			first = attach;
	}
	return first.text[0]
		       ? error_hint(err, "systemd was asked to move it and didn't: %s", first.text)
		       : -1;
}

static int enter_container_cgroup(const struct execution *execution, struct error *err)
{
	autofree char *now = NULL;

	if (!execution->cgroup)
		return 0;
	now = cgroup_of(execution->child.pid);
	if (str_equal(now, execution->cgroup) ||
	    cgroup_enter(execution->cgroup, execution->child.pid, err) == 0)
		return 0;
	return err->code == EACCES || err->code == EPERM ? enter_by_systemd(execution, err) : -1;
}

/*
 * ORDER: the initial affinity is set before the process enters the container's cgroup, the final one
 * afterwards, since the cpuset of the cgroup may change an affinity.
 * Source: OCI runtime-spec 1.3, config.md "execCPUAffinity".
 */
static int bootstrap_setns(struct execution *execution, struct error *err)
{
	const struct config_process *process = execution->config.process;
	const struct child *child = &execution->child;

	if (affinity_set(child->pid, process->exec_cpu_affinity, AFFINITY_INITIAL, err) < 0 ||
	    enter_container_cgroup(execution, err) < 0 || bind_by_fallback(execution, err) < 0 ||
	    grant_limits(child->pid, process, &execution->caller, err) < 0 ||
	    affinity_set(child->pid, process->exec_cpu_affinity, AFFINITY_FINAL, err) < 0)
		return -1;
	return child_send(child, MESSAGE_BOOTSTRAP, err);
}

static int send_setns_config(struct execution *execution, struct error *err)
{
	struct container_config *config = &execution->config;
	struct strbuf sections[ORDER_SECTION_COUNT] = { 0 };
	int fds[ORDER_FD_COUNT] = ORDER_FDS_NONE;
	uint32_t flags = ORDER_SETNS;

	flags |= execution->container.state.new_keyring ? ORDER_NEW_KEYRING : 0;
	/* The container is already made: only the process is sent. */
	fds[ORDER_FD_BYPASS] = execution->bypass;
	config->hooks = NULL;
	config->linux->devices.count = 0;
	config->linux->resources = NULL;
	config->linux->masked_paths.count = 0;
	config->linux->readonly_paths.count = 0;
	if (execution->filter.listener_socket >= 0)
		state_print(&execution->container.state, CONTAINER_RUNNING, JSON_COMPACT,
			    &sections[ORDER_STATE_CREATED]);
	return launch_send_config(&execution->launch, flags, fds, sections, err);
}

static int await_setns(struct execution *execution, struct error *err)
{
	bool ready = false;

	while (!ready) {
		automessage struct message message = MESSAGE_NONE;

		if (launch_await(&execution->launch,
				 execution->launch.forks ? 0 : MESSAGE_BIT(MESSAGE_READY), &message,
				 err) < 0)
			return -1;
		ready = message.type == MESSAGE_READY;
		if (ready)
			child_take_console(&execution->request->child, &execution->child, &message);
	}
	return 0;
}

/*
 * The story, one step a line.  Up to clone_setns() no process exists; after child_release() the program
 * runs.
 */
static int exec_in_steps(struct execution *execution, struct error *err)
{
	const struct child_request *request = &execution->request->child;
	struct container_config *config = &execution->config;
	struct child *child = &execution->child;

	trace_step("check the container");
	/* clang-format off */
	if (check_container(execution, err) < 0 ||
	    trace_step("prepare the process") < 0 ||
	    prepare_process(execution, err) < 0 ||
	    trace_step("prepare the filter") < 0 ||
	    prepare_filters(execution, err) < 0 ||
	    bypass_connect(&execution->container.dir, &execution->bypass, err) < 0 ||
	    trace_step("open the namespaces") < 0 ||
	    open_container_namespaces(execution, err) < 0 ||
	    child_connect_console(request, child, err) < 0 ||
	    trace_step("clone") < 0 ||
	    clone_setns(execution, err) < 0 ||
	    trace_step("bootstrap") < 0 ||
	    bootstrap_setns(execution, err) < 0 ||
	    trace_step("send config") < 0 ||
	    send_setns_config(execution, err) < 0 ||
	    trace_step("await the child") < 0 ||
	    await_setns(execution, err) < 0 ||
	    child_send_descriptors(request, NULL, child, err) < 0 ||
	    trace_step("release the child") < 0 ||
	    child_release(child, err) < 0 ||
	    child_check_executed(child, config->linux->seccomp, err) < 0 ||
	    child_write_pid_file(request, child, err) < 0)
		return -1;
	/* clang-format on */
	return 0;
}

/*
 * Replaces the error where the container has ended while it was entered: the kernel then answers with
 * ENOMEM for the pid namespace, or kills the process, which tells the user nothing.  An error about the
 * program itself (err->status is set) stays.
 */
static void tell_end_of_container(const struct execution *execution, struct error *err)
{
	struct error ignored = ERROR_NONE;
	enum container_status status;

	if (execution->init_pidfd < 0 || err->status != 0 ||
	    container_status(&execution->container, &status, NULL, &ignored) < 0 ||
	    status != CONTAINER_STOPPED)
		return;
	log_debug("%s", err->text);
	error_set(err, 0, "container not running: it has ended while it was entered");
}

static void execution_release(struct execution *execution)
{
	namespaces_release(&execution->namespaces);
	filter_release(&execution->filter);
	config_release(&execution->config);
	container_close(&execution->container);
	free(execution->cgroup);
	fd_close(&execution->cgroup_fd);
	fd_close(&execution->bypass);
	fd_close(&execution->init_pidfd);
	launch_release(&execution->launch);
}

int container_exec(const struct exec_request *request, struct child *ret_child, struct error *err)
{
	struct execution execution = {
		.request = request,
		.container = CONTAINER_NONE,
		.init_pidfd = -1,
		.cgroup_fd = -1,
		.bypass = -1,
		.filter = FILTER_NONE,
		.launch = LAUNCH_NONE,
		.child = CHILD_NONE,
	};
	int result;

	if (state_check_id(request->id, err) < 0 ||
	    container_open(request->root, request->id, STATE_UNLOCKED, &execution.container, err) !=
		    0)
		return -1;
	for (int i = 0; i < CONFIG_NS_COUNT; i++)
		execution.namespaces.joined[i] = -1;
	child_plan_signals(&request->child);
	result = exec_in_steps(&execution, err);
	if (result < 0)
		tell_end_of_container(&execution, err);
	if (result < 0 && execution.child.pidfd >= 0)
		child_end(&execution.child);
	execution_release(&execution);
	if (result < 0) {
		child_close(&execution.child);
		return error_prefix(err, "%s", request->id);
	}
	*ret_child = execution.child;
	return 0;
}
