// SPDX-License-Identifier: Apache-2.0
// Runs in: parent; child_destroy() in a process of a user namespace of its own.
#include "core/container/cgroup_end.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/rights.h"
#include "core/base/str.h"
#include "core/cgroup/plan.h"
#include "rootless/userns.h"

/*
 * Process boundary: a copy of the parent, which is alone in its user namespace and so has all
 * capabilities there; once the maps are written, these reach all files of the container's ids.  The
 * copy changes no id and executes nothing.  The parent itself talks to systemd.
 */
static void __attribute__((noreturn)) child_destroy(int sync_fd, const struct cgroup_left *left)
{
	struct error err = ERROR_NONE;
	char ready;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* ORDER: without the maps, the capabilities reach nobody's files. */
	if (read(sync_fd, &ready, 1) != 1)
		_exit(1);
	cgroup_destroy(&(struct cgroup_left){ .path = left->path, .made = left->made }, &err);
	_exit(fd_write_all(sync_fd, &err, sizeof(err)) < 0);
}

/* Stores the child's failure in *ret_left: all zero where the child succeeded. */
static int run_child(const struct userns_plan *plan, const struct cgroup_left *left,
		     struct error *ret_left, struct error *err)
{
	autoclose int ours = -1, its = -1;
	autofree char *bytes = NULL;
	struct iovec go = { (char[]){ 'g' }, 1 };
	int ends[2], result;
	size_t size = 0;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return error_set(err, errno, "make a socket pair");
	ours = ends[0];
	its = ends[1];
	pid = userns_fork(plan, err);
	if (pid == 0) {
		fd_close(&ours);
		child_destroy(its, left);
	}
	if (pid < 0)
		return -1;
	fd_close(&its);
	result = userns_write_maps(pid, plan, err);
	if (result == 0 &&
	    (rights_send(ours, &go, 1, NULL, 0) < 0 ||
	     fd_read_all(ours, sizeof(*ret_left), &bytes, &size) < 0 || size != sizeof(*ret_left)))
		result = error_set(err, 0, "the process that removes the cgroup was killed");
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	/* Written by a copy of our own memory; nobody else could write there. */
	if (result == 0 && bytes)
		memcpy(ret_left, bytes, sizeof(*ret_left));
	return result;
}

static int destroy_with_ids(const struct state_dir *dir, const struct cgroup_left *left,
			    struct error *err)
{
	autofree struct userns_plan *plan = mem_alloc(sizeof(*plan));
	struct container_config config = { 0 };
	struct userns_caller caller;
	struct error failed = ERROR_NONE;
	int result = -1;

	if (state_read_config(dir, &config, err) < 0)
		return -1;
	if (userns_caller_read(&HOST_REAL, &caller, err) == 0 &&
	    userns_plan_make(&config, &caller, plan, err) == 0)
		result = plan->mode == USERNS_DIRECT || plan->mode == USERNS_HELPERS
				 ? run_child(plan, left, &failed, err)
				 : error_set(err, EPERM, "the container's ids are another's");
	config_release(&config);
	if (result == 0 && failed.text[0])
		return error_take(err, &failed);
	return result;
}

int container_end_cgroup(const struct state_dir *dir, const struct container_state *state,
			 struct error *err)
{
	struct cgroup_left left = state_cgroup(state);
	struct error failed = ERROR_NONE;
	char line[ERROR_LINE_SIZE];

	if (cgroup_destroy(&left, err) == 0)
		return 0;
	if (err->code != EACCES && err->code != EPERM)
		return -1;
	log_debug("%s: again with the container's ids", error_format(err, line));
	if (destroy_with_ids(dir, &left, &failed) < 0) {
		log_debug("with the container's ids: %s", error_format(&failed, line));
		return -1;
	}
	*err = ERROR_NONE;
	/* The part that systemd keeps. */
	return cgroup_destroy(&(struct cgroup_left){ .unit = left.unit, .user_bus = left.user_bus },
			      err);
}
