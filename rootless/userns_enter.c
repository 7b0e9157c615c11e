// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: parent, which enters the user namespace; writer_main in a child that stays outside.
 *
 * newuidmap(1) must run outside of the new user namespace, and this process is to be inside.  So a
 * child, made before, writes the maps of its parent, and ends.  The command that follows has no
 * process of urun above it: signals, the terminal and the exit status are the command's own.
 */
#include "rootless/userns_enter.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "rootless/host_check.h"

/* What the child tells at its end: smaller than PIPE_BUF, so that it is read whole. */
struct writer_result {
	int failed; /* 0 or -1 */
	struct error_packet error;
};
_Static_assert(sizeof(struct writer_result) <= PIPE_BUF, "the result is read whole");

/*
 * Process boundary: the child has our memory and our namespaces.  It ends without a word when we
 * end, or fail to make the user namespace, since the pipe ends then.
 */
static _Noreturn void writer_main(pid_t parent, const struct userns_plan *plan, int waits,
				  int writes)
{
	struct error err = ERROR_NONE;
	struct writer_result result = { 0 };
	ssize_t got;
	char byte;

	do
		got = read(waits, &byte, 1);
	while (got < 0 && errno == EINTR);
	if (got != 1)
		_exit(0);
	result.failed = userns_write_maps(parent, plan, &err);
	error_pack(&err, &result.error);
	_exit(fd_write_all(writes, &result, sizeof(result)) < 0);
}

static int await_maps(int go, int reads, struct error *err)
{
	struct writer_result result;
	ssize_t got;

	if (fd_write_all(go, "", 1) < 0)
		return error_set(err, ECHILD, "write the maps of the user namespace");
	do
		got = read(reads, &result, sizeof(result));
	while (got < 0 && errno == EINTR);
	if (got != sizeof(result))
		return error_set(err, got < 0 ? errno : ECHILD,
				 "write the maps of the user namespace");
	return result.failed == 0 ? 0 : error_unpack(&result.error, err);
}

static int make_namespace(const struct userns_plan *plan, int go, int reads, struct error *err)
{
	if (unshare(CLONE_NEWUSER) == 0)
		return await_maps(go, reads, err);
	error_set(err, errno, "make a user namespace");
	return host_explain_userns_failure(&plan->host, err->code, err);
}

static int enter_new(const struct userns_plan *plan, struct error *err)
{
	const struct userns_root root = userns_root(plan, USERNS_KEEP_GROUPS);
	autoclose int waits = -1, go = -1, reads = -1, writes = -1;
	pid_t own = getpid(), writer;
	int down[2], up[2], result;

	if (pipe2(down, O_CLOEXEC) < 0)
		return error_set(err, errno, "make a pipe");
	waits = down[0];
	go = down[1];
	if (pipe2(up, O_CLOEXEC) < 0)
		return error_set(err, errno, "make a pipe");
	reads = up[0];
	writes = up[1];
	writer = fork();
	if (writer < 0)
		return error_set(err, errno, "make a process that writes the maps");
	if (writer == 0) {
		close(go);
		writer_main(own, plan, waits, writes);
	}
	fd_close(&waits);
	fd_close(&writes);
	result = make_namespace(plan, go, reads, err);
	fd_close(&go);
	/* ORDER: reaped here: the user's command doesn't know of this child. */
	while (waitpid(writer, NULL, 0) < 0 && errno == EINTR)
		;
	return result < 0 ? -1 : userns_become_root(&root, err);
}

int userns_enter(const struct userns_plan *plan, struct error *err)
{
	return plan->mode == USERNS_INHERIT ? 0 : enter_new(plan, err);
}
