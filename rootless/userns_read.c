// SPDX-License-Identifier: Apache-2.0
// Runs in: parent; cloned_join_and_wait in a short-lived child.
#include "rootless/userns_read.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/process.h"

int userns_read_process(pid_t pid, struct userns_plan *plan, struct error *err)
{
	struct host real = HOST_REAL;
	char path[64], line[16];

	snprintf(path, sizeof(path), "/proc/%d/uid_map", (int)pid);
	if (idmap_load(path, &plan->uids, err) < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/gid_map", (int)pid);
	if (idmap_load(path, &plan->gids, err) < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/setgroups", (int)pid);
	plan->setgroups_allowed =
		host_read_line(&real, path, line, sizeof(line)) < 0 || strcmp(line, "deny") != 0;
	return 0;
}

/*
 * Process boundary: the child has the parent's memory, root and descriptors.  It makes system calls
 * only, and ends when the parent closes its end of the pipe, which also happens when the parent
 * dies.
 * ORDER: the dumpable mark is cleared before the namespace is joined.  A container of that user
 * namespace with CAP_SYS_PTRACE sees the child where both are in one pid namespace.  The child's
 * memory belongs to the caller's user namespace, so the cleared mark holds against the container's
 * capabilities (see core/parent/clone.c).
 */
static _Noreturn void cloned_join_and_wait(int userns, int to_parent, int from_parent)
{
	int errnum = 0;
	char byte;

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || setns(userns, CLONE_NEWUSER) < 0)
		errnum = errno;
	if (write(to_parent, &errnum, sizeof(errnum)) == sizeof(errnum) &&
	    read(from_parent, &byte, 1) < 0)
		process_end_without_files(1);
	process_end_without_files(0);
}

/*
 * Reads from the child whether it has joined, and then the child's maps, which everybody may read.
 */
static int read_joined(pid_t child, int from_child, struct userns_plan *plan, struct error *err)
{
	int errnum = ECHILD;

	if (read(from_child, &errnum, sizeof(errnum)) != sizeof(errnum) || errnum != 0)
		return error_set(err, errnum, "join user namespace %s", plan->join_path);
	if (userns_read_process(child, plan, err) < 0)
		return -1;
	if (plan->uids.count == 0 || plan->gids.count == 0)
		return error_set(err, 0, "join user namespace %s: it has no id mappings",
				 plan->join_path);
	return 0;
}

int userns_read_namespace(int userns, struct userns_plan *plan, struct error *err)
{
	autoclose int up_read = -1, up_write = -1, down_read = -1, down_write = -1;
	int up[2], down[2], result;
	pid_t child;

	if (pipe2(up, O_CLOEXEC) < 0)
		return error_set(err, errno, "make a pipe");
	up_read = up[0];
	up_write = up[1];
	if (pipe2(down, O_CLOEXEC) < 0)
		return error_set(err, errno, "make a pipe");
	down_read = down[0];
	down_write = down[1];
	child = fork();
	if (child < 0)
		return error_set(err, errno, "make a process to look into user namespace %s",
				 plan->join_path);
	if (child == 0) {
		close(down_write);
		cloned_join_and_wait(userns, up_write, down_read);
	}
	fd_close(&up_write);
	result = read_joined(child, up_read, plan, err);
	fd_close(&down_write);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return result;
}
