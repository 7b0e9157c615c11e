// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
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
#include "core/cgroup/systemd.h"
#include "core/cgroup/tree.h"
#include "core/config/change.h"
#include "core/parent/affinity.h"
#include "core/parent/clone.h"
#include "core/parent/filter.h"
#include "core/parent/grant.h"
#include "core/parent/network.h"
#include "core/parent/seal.h"
#include "core/parent/state_socket.h"
#include "core/parent/state.h"
#include "core/sync/pipe.h"
#include "rootless/scope.h"
#include "rootless/userns.h"

/* What the story's steps leave for each other. */
struct execution {
	const struct exec_request *request;
	struct state_dir dir;
	struct container_state state;
	struct container_config config; /* the container's, with the process that was asked for */
	int init_pidfd;
	struct userns_caller caller;
	struct userns_plan userns;
	struct namespaces namespaces;
	char *cgroup; /* NULL: the container has none */
	int cgroup_fd;
	struct filter filter;
	int child_sync_fd;
	int self_fd;
	struct child child;
};

/* ---- before any process exists ---- */

static int find_container(struct execution *execution, struct error *err)
{
	const struct exec_request *request = execution->request;
	enum container_status status;

	if (state_open(request->root, request->id, STATE_UNLOCKED, &execution->dir,
		       &execution->state, err) != 0)
		return -1;
	status = state_status(&execution->dir, &execution->state, &execution->init_pidfd);
	if (status == CONTAINER_PAUSED && !request->ignore_paused)
		return error_set(err, 0,
				 "the container is paused: resume it first, or use "
				 "--ignore-paused");
	if (status != CONTAINER_RUNNING && status != CONTAINER_PAUSED &&
	    status != CONTAINER_CREATED)
		return error_set(err, 0,
				 "container not running: nothing can be executed in it, it is %s",
				 container_status_name(status));
	if (state_check_pidfd(&execution->state, execution->init_pidfd, err) < 0)
		return -1;
	network_warn_if_lost(&execution->dir, &execution->state);
	return state_read_config(&execution->dir, &execution->config, err);
}

/*
 * The container's cgroup, or what is asked for below it.  A container that manages cgroups itself
 * has left its own to cgroups below, and then no process may be in it: the one of its first process
 * is taken.
 */
static int choose_cgroup(struct execution *execution, struct error *err)
{
	const struct container_state *state = &execution->state;
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

static int prepare_process(struct execution *execution, struct error *err)
{
	const struct exec_request *request = execution->request;
	struct container_config *config = &execution->config;

	if (choose_cgroup(execution, err) < 0 ||
	    exec_process_make(&request->process, config, err) < 0)
		return -1;
	child_announce_listen_fds(&request->child, config);
	if (child_check_request(&request->child, config->process, err) < 0 ||
	    userns_caller_read(&HOST_REAL, &execution->caller, err) < 0 ||
	    userns_plan_of_process((pid_t)execution->state.pid.value, &execution->caller,
				   &execution->userns, err) < 0)
		return -1;
	return scope_process(config, &execution->userns, &execution->caller, err);
}

/*
 * ORDER: opened by the pid's number, then the pidfd is asked whether that was our process all the
 * while.
 */
static int open_namespaces(struct execution *execution, struct error *err)
{
	if (namespaces_open_of_process((pid_t)execution->state.pid.value, &execution->namespaces,
				       err) < 0)
		return -1;
	if (pidfd_signal(execution->init_pidfd, 0) < 0)
		return error_set(err, 0,
				 "container not running: it ended while it was to be entered");
	return 0;
}

/* ---- the child's life until its program runs ---- */

static int clone_child(struct execution *execution, struct error *err)
{
	struct clone_order order = {
		.namespaces = &execution->namespaces,
		.userns = &execution->userns,
		.config = &execution->config,
		.preserve_fds = execution->request->child.preserve_fds,
		.keep_groups = config_annotation(&execution->config,
						 CONFIG_ANNOTATION_KEEP_GROUPS) != NULL,
	};
	struct child *child = &execution->child;

	if (seal_self(&execution->userns, &execution->self_fd, err) < 0 ||
	    pipe_new(&child->sync_fd, &execution->child_sync_fd, err) < 0)
		return -1;
	order.cgroup_fd = execution->cgroup_fd;
	order.self_fd = execution->self_fd;
	order.sync_fd = execution->child_sync_fd;
	order.parent_sync_fd = child->sync_fd;
	if (clone_init(&order, &child->pid, &child->pidfd, err) < 0)
		return -1;
	/*
	 * ORDER: our copy of the child's end is closed at once, or its death would not be the end
	 * of the pipe.
	 */
	fd_close(&execution->child_sync_fd);
	return clone_join(&order, err);
}

/*
 * Asks systemd where the kernel refuses: to move a process, one must be allowed to write to the
 * cgroup that both places have in common, which from another session is root's.
 */
static int enter_by_systemd(const struct execution *execution, struct error *err)
{
	struct error refused = *err, attach = ERROR_NONE;
	autofree char *unit = NULL;
	const char *below;
	bool user;

	if (!systemd_unit_of(execution->cgroup, &unit, &below, &user))
		return -1;
	if (systemd_attach(user, unit, below, execution->child.pid, &attach) < 0) {
		log_debug("attach process %d to %s: %s", execution->child.pid, unit, attach.text);
		*err = refused;
		return error_hint(err, "systemd was asked to move it and didn't: %s", attach.text);
	}
	*err = ERROR_NONE;
	return 0;
}

static int enter_cgroup(const struct execution *execution, struct error *err)
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
 * ORDER: the initial affinity holds from here, the final one from the moment in which the process
 * is in the container's cgroup, whose cpuset may have changed it.
 * Source: OCI runtime-spec 1.3, config.md "execCPUAffinity".
 */
static int bootstrap(struct execution *execution, struct error *err)
{
	const struct config_process *process = execution->config.process;
	const struct child *child = &execution->child;

	if (affinity_set(child->pid, process->exec_cpu_affinity, AFFINITY_INITIAL, err) < 0 ||
	    enter_cgroup(execution, err) < 0 ||
	    grant_limits(child->pid, process, &execution->caller, err) < 0 ||
	    affinity_set(child->pid, process->exec_cpu_affinity, AFFINITY_FINAL, err) < 0)
		return -1;
	return pipe_send(child->sync_fd, MESSAGE_BOOTSTRAP, NULL, 0, NULL, 0, err);
}

static uint32_t order_flags(const struct execution *execution)
{
	const struct container_config *config = &execution->config;
	uint32_t flags = ORDER_SETNS;

	flags |= execution->state.new_keyring ? ORDER_NEW_KEYRING : 0;
	flags |= execution->request->child.dies_with_us ? ORDER_DIE_WITH_PARENT : 0;
	flags |= config->linux_->seccomp ? ORDER_FILTER : 0;
	flags |= execution->filter.listener_socket >= 0 ? ORDER_SECCOMP_SOCKET : 0;
	flags |= execution->namespaces.joined[CONFIG_NS_MOUNT] >= 0 ? ORDER_MOUNT_NAMESPACE : 0;
	flags |= config_annotation(config, CONFIG_ANNOTATION_KEEP_GROUPS) ? ORDER_KEEP_GROUPS : 0;
	flags |= execution->userns.setgroups_allowed ? 0 : ORDER_SETGROUPS_DENIED;
	flags |= exec_process_wants_own_groups(&execution->request->process) ? ORDER_OWN_GROUPS : 0;
	return flags;
}

/* What made the container is done: the process is all that is sent. */
static void leave_out_the_container(struct container_config *config)
{
	config->mounts.count = 0;
	config->hooks = NULL;
	config->linux_->devices.count = 0;
	config->linux_->resources = NULL;
	config->linux_->masked_paths.count = 0;
	config->linux_->readonly_paths.count = 0;
}

static int send_config(struct execution *execution, struct error *err)
{
	struct message_order order = {
		.flags = order_flags(execution),
		.filter_flags = execution->filter.load_flags,
		.preserve_fds = execution->request->child.preserve_fds,
	};
	struct strbuf sections[ORDER_SECTION_COUNT] = { 0 };
	size_t fd_count = 0;
	int fds[2], sent;

	leave_out_the_container(&execution->config);
	strbuf_add(&sections[ORDER_FILTER_BPF], execution->filter.bpf.bytes,
		   execution->filter.bpf.size);
	strbuf_add_str(&sections[ORDER_ID], execution->request->id);
	if (order.flags & ORDER_SECCOMP_SOCKET)
		state_print(&execution->state, CONTAINER_RUNNING, JSON_COMPACT,
			    &sections[ORDER_STATE_CREATED]);
	if (order.flags & ORDER_SECCOMP_SOCKET)
		fds[fd_count++] = execution->filter.listener_socket;
	if (order.flags & ORDER_MOUNT_NAMESPACE)
		fds[fd_count++] = execution->namespaces.joined[CONFIG_NS_MOUNT];
	sent = child_send_config(&execution->child, &execution->config, &order, sections, fds,
				 fd_count, err);
	for (int i = 0; i < ORDER_SECTION_COUNT; i++)
		strbuf_release(&sections[i]);
	return sent;
}

static int await_ready(struct execution *execution, struct error *err)
{
	automessage struct message forked = MESSAGE_NONE, ready = MESSAGE_NONE;

	if (clone_forks(&execution->namespaces) &&
	    (child_await(&execution->child, MESSAGE_BIT(MESSAGE_FORKED), &forked, err) < 0 ||
	     child_adopt(&execution->child, &forked, err) < 0))
		return -1;
	if (child_await(&execution->child, MESSAGE_BIT(MESSAGE_READY), &ready, err) < 0)
		return -1;
	child_take_console(&execution->request->child, &execution->child, &ready);
	return 0;
}

/* The story of `exec`.  Up to clone_child() nothing exists; after child_release() it is done. */
static int exec_in_steps(struct execution *execution, struct error *err)
{
	const struct child_request *request = &execution->request->child;
	struct child *child = &execution->child;

	if (find_container(execution, err) < 0 || prepare_process(execution, err) < 0 ||
	    filter_prepare(execution->request->root, &execution->config, &execution->filter, err) <
		    0 ||
	    open_namespaces(execution, err) < 0 || child_connect_console(request, child, err) < 0 ||
	    clone_child(execution, err) < 0 || bootstrap(execution, err) < 0 ||
	    send_config(execution, err) < 0 || await_ready(execution, err) < 0 ||
	    child_send_descriptors(request, child, err) < 0 || child_release(child, err) < 0 ||
	    child_check_executed(child, execution->config.linux_->seccomp, err) < 0 ||
	    child_write_pid_file(request, child, err) < 0)
		return -1;
	return 0;
}

static void execution_release(struct execution *execution)
{
	namespaces_release(&execution->namespaces);
	filter_release(&execution->filter);
	state_release(&execution->state);
	config_release(&execution->config);
	state_dir_close(&execution->dir);
	free(execution->cgroup);
	fd_close(&execution->cgroup_fd);
	fd_close(&execution->init_pidfd);
	fd_close(&execution->child_sync_fd);
	fd_close(&execution->self_fd);
}

int container_exec(const struct exec_request *request, struct child *ret_child, struct error *err)
{
	struct execution execution = {
		.request = request,
		.dir = STATE_DIR_NONE,
		.init_pidfd = -1,
		.cgroup_fd = -1,
		.filter = FILTER_NONE,
		.child_sync_fd = -1,
		.self_fd = -1,
		.child = CHILD_NONE,
	};
	int result;

	if (state_check_id(request->id, err) < 0)
		return -1;
	for (int i = 0; i < CONFIG_NS_COUNT; i++)
		execution.namespaces.joined[i] = -1;
	child_plan_signals(&request->child);
	result = exec_in_steps(&execution, err);
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
