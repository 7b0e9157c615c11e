// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: parent; the functions named cloned_… in the process of an end.
 *
 * A process that sees the files of a container, and what the container can see of it.
 *
 * The process is a fork of urun that joins the container's user and mount namespaces, and reads or
 * writes a tar stream; the other end runs in the caller's namespaces.  core/parent/clone.c tells how
 * a hostile container attacks a process that enters it.  Here
 *   - the process never joins the pid namespace, so the container doesn't see it, unless the
 *     container shares the caller's;
 *   - it isn't dumpable before it joins the user namespace, and its memory map is the caller's, so
 *     that CAP_SYS_PTRACE of the container is no right over it;
 *   - of the host's it has the pipe to the other end, and the one for its result.
 * It executes nothing, and no library is loaded in the container's root.
 *
 * For a stopped container the process makes a user namespace with the container's ids, and mounts
 * there what the config says: the root file system, its overlay, the volumes.
 */
#include "core/copy/end.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/pidfd.h"
#include "core/base/process.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/container/overlay_use.h"
#include "core/copy/stopped.h"
#include "core/sync/join.h"
#include "rootless/overlay.h"

/* ---- before any process exists ---- */

void end_release(struct end *end)
{
	namespaces_release(&end->namespaces);
	config_release(&end->config);
	container_close(&end->container);
	fd_close(&end->life);
	fd_close(&end->overlay_lock);
	fd_close(&end->result);
	fd_close(&end->go);
	free(end->userns);
	free(end->id);
}

/*
 * ORDER: the namespaces are opened by the number of the pid; afterwards the pidfd is asked whether
 * that number was the container's first process all the while.
 */
static int open_running(struct end *end, const struct userns_caller *caller, struct error *err)
{
	pid_t pid = (pid_t)end->container.state.pid.value;

	end->running = true;
	if (namespaces_open_of_process(pid, &end->namespaces, err) < 0 ||
	    userns_plan_of_process(pid, caller, end->userns, err) < 0)
		return -1;
	return pidfd_signal(end->life, 0) < 0
		       ? error_set(err, 0, "the container ended during the copy")
		       : 0;
}

static int open_stopped(struct end *end, const struct userns_caller *caller, struct error *err)
{
	struct overlay overlay = { 0 };
	int result;

	if (userns_plan_make(&end->config, caller, end->userns, err) < 0 ||
	    overlay_choose(&end->config, end->userns, &overlay, err) < 0)
		return -1;
	result = overlay.by_fuse || overlay.is_view;
	if (overlay.by_fuse)
		error_set(err, 0,
			  "the container is stopped, and its overlay needs " OVERLAY_PROGRAM);
	else if (overlay.is_view)
		error_set(
			err, 0,
			"the container is stopped, and its view of the host's own system has ended");
	overlay_release(&overlay);
	/* ORDER: before the overlay is mounted: no two may use its directory at a time. */
	if (!result)
		return overlay_use_begin(&end->config, NULL, &end->overlay_lock, err);
	return error_hint(err, "start it, then copy");
}

static int open_by_status(struct end *end, enum container_status status, struct error *err)
{
	autofree struct userns_caller *caller = mem_alloc(sizeof(*caller));

	end->userns = mem_alloc(sizeof(*end->userns));
	if (status == CONTAINER_CREATING)
		return error_set(err, 0, "the container is being created");
	if (state_read_config(&end->container.dir, &end->config, err) < 0 ||
	    userns_caller_read(&HOST_REAL, caller, err) < 0)
		return -1;
	return status == CONTAINER_STOPPED ? open_stopped(end, caller, err)
					   : open_running(end, caller, err);
}

int end_open_container(struct end *end, const char *root, struct error *err)
{
	enum container_status status;

	if (state_check_id(end->id, err) < 0 ||
	    container_open(root, end->id, STATE_UNLOCKED, &end->container, err) != 0 ||
	    container_status(&end->container, &status, &end->life, err) < 0)
		return -1;
	if (status == CONTAINER_STOPPED) {
		container_close(&end->container);
		end->container = CONTAINER_NONE;
		if (container_open(root, end->id, STATE_LOCKED, &end->container, err) != 0 ||
		    container_status(&end->container, &status, &end->life, err) < 0)
			return -1;
	}
	return open_by_status(end, status, err) < 0 ? error_prefix(err, "%s", end->id) : 0;
}

/* ---- the process ---- */

/* The result as it goes through the pipe: smaller than PIPE_BUF, so whole. */
struct end_result {
	int failed;
	struct report report;
	struct error_packet error;
};
_Static_assert(sizeof(struct end_result) <= PIPE_BUF, "the result is written whole");

/*
 * ORDER: the dumpable mark before the user namespace is joined, and again after each change of ids,
 * which may set it.
 */
static void cloned_hide(pid_t parent)
{
	prctl(PR_SET_DUMPABLE, 0);
	/* SIGTERM, so that the file that is being written is removed. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
}

/* Nothing of the host's stays open but what the task needs; /dev/null stands for 0, 1 and 2. */
static int cloned_close_others(const struct end_task *task, int result, int go)
{
	const int *joined = task->entered->namespaces.joined;
	const int wanted[] = {
		task->stream,		result, go, task->end->life, joined[CONFIG_NS_USER],
		joined[CONFIG_NS_MOUNT]
	};
	autoclose int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return -errno;
	for (int fd = 0; fd < 3; fd++)
		if (dup2(null, fd) < 0)
			return -errno;
	/* Closed by its number, unless it is one of the three. */
	take_fd(&null);
	return fd_close_others(3, wanted, ARRAY_SIZE(wanted));
}

static int cloned_join(const struct end_task *task, pid_t parent, struct error *err)
{
	const struct end *entered = task->entered;
	const struct userns_root root = userns_root(
		entered->userns,
		config_keeps_groups(&entered->config) ? USERNS_KEEP_GROUPS : USERNS_DROP_GROUPS);
	const int *joined = entered->namespaces.joined;

	if (join_namespace(joined, CONFIG_NS_USER, err) < 0)
		return -1;
	cloned_hide(parent);
	/*
	 * For the files of the host the process stays the caller, with all capabilities over the
	 * container's ids: so it may write where the caller may.
	 */
	if (!task->sees_container)
		return 0;
	if (userns_become_root(&root, err) < 0)
		return -1;
	cloned_hide(parent);
	return join_namespace(joined, CONFIG_NS_MOUNT, err);
}

static void cloned_await_maps(int go)
{
	ssize_t got;
	char byte;

	do
		got = read(go, &byte, 1);
	while (got < 0 && errno == EINTR);
}

static int cloned_make(const struct end_task *task, pid_t parent, struct report *report,
		       int *ret_root, struct error *err)
{
	const struct end *entered = task->entered;
	const struct userns_root root = userns_root(entered->userns, USERNS_KEEP_GROUPS);

	if (!task->sees_container)
		return 0;
	if (userns_become_root(&root, err) < 0)
		return -1;
	cloned_hide(parent);
	return stopped_mount(&entered->config, task->end->path, report, ret_root, err);
}

static int cloned_run(const struct end_task *task, pid_t parent, struct report *report,
		      struct error *err)
{
	autoclose int root = -1;

	/* Each directory on the way takes a descriptor. */
	fd_raise_limit();
	umask(0);
	if (task->entered->running ? cloned_join(task, parent, err) < 0
				   : cloned_make(task, parent, report, &root, err) < 0)
		return -1;
	if (task->sees_container && root < 0) {
		root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (root < 0)
			return error_set(err, errno, "open the container's root");
	}
	if (task->sees_container && fchdir(root) < 0)
		return error_set(err, errno, "enter the container's root");
	return task->run(task, root, report, err);
}

static _Noreturn void cloned_end_main(const struct end_task *task, pid_t parent, int result, int go)
{
	struct end_result told = { 0 };
	struct error err = ERROR_NONE;
	int failed;

	cloned_hide(parent);
	prctl(PR_SET_NAME, "urun-cp");
	failed = cloned_close_others(task, result, go);
	if (go >= 0)
		cloned_await_maps(go);
	told.failed = failed < 0 ? error_set(&err, -failed, "close descriptors")
				 : cloned_run(task, parent, &told.report, &err);
	error_pack(&err, &told.error);
	/* ORDER: before the stream ends, which the parent may notice first. */
	(void)fd_write_all(result, &told, sizeof(told));
	process_end_without_files(0);
}

/* ---- the parent ---- */

/* A stopped container's user namespace is made anew; a running one's is joined by the process. */
static pid_t fork_end(const struct end_task *task, struct error *err)
{
	pid_t pid;

	if (!task->entered->running)
		return userns_fork(task->entered->userns, err);
	pid = fork();
	if (pid < 0)
		error_set(err, errno, "make a process for the copy");
	return pid;
}

int end_start(struct end *end, const struct end_task *task, struct error *err)
{
	autoclose int result_read = -1, result_write = -1, go_read = -1, go_write = -1;
	pid_t parent = getpid();
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(err, errno, "make a pipe");
	result_read = ends[0];
	result_write = ends[1];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(err, errno, "make a pipe");
	go_read = ends[0];
	go_write = ends[1];
	end->pid = fork_end(task, err);
	if (end->pid == 0) {
		close(go_write);
		close(result_read);
		cloned_end_main(task, parent, result_write, go_read);
	}
	if (end->pid < 0) {
		end->pid = 0;
		return -1;
	}
	end->result = take_fd(&result_read);
	if (!task->entered->running &&
	    userns_write_maps(end->pid, task->entered->userns, err) < 0) {
		kill(end->pid, SIGKILL);
		return -1;
	}
	return 0;
}

int end_await(struct end *end, struct report *ret_report, struct error *err)
{
	struct end_result told;
	ssize_t got;
	int status = 0;

	do
		got = read(end->result, &told, sizeof(told));
	while (got < 0 && errno == EINTR);
	while (waitpid(end->pid, &status, 0) < 0 && errno == EINTR)
		;
	end->pid = 0;
	if (got != sizeof(told)) {
		if (WIFSIGNALED(status))
			return error_set_killed(err, "the process of the copy", WTERMSIG(status),
						"");
		return error_set(err, EPROTO, "the process of the copy ended without a result");
	}
	*ret_report = told.report;
	ret_report->first[sizeof(ret_report->first) - 1] = '\0';
	return told.failed == 0 ? 0 : error_unpack(&told.error, err);
}
