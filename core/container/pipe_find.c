// SPDX-License-Identifier: Apache-2.0
// Runs in: parent; cloned_…() in a short-lived child that is in the container's user namespace.
#include "core/container/pipe_find.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/directory.h"
#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/process.h"
#include "core/base/rights.h"
#include "core/base/str.h"
#include "core/container/processes.h"

/* Descriptors that are looked at, of all processes together: some tenths of a second. */
#define LOOKS_MAX 100000

/*
 * How long the look may take.  To open a pipe takes the kernel's lock of that pipe.  A process that
 * writes to the pipe from a mapped file has this lock until the file's bytes are there: if it serves
 * the file system of this file itself (FUSE), as long as it likes.
 */
#define FIND_MS 2000

/* What the link of a pipe's descriptor says (proc(5)); cheaper than to open each descriptor. */
#define LINK_SIZE sizeof("pipe:[18446744073709551615]")

/* ORDER: pinned, compared, opened: the container may put another file in the place of the pipe. */
static void take_pipe(int dir, const char *name, struct pipe_sought *sought)
{
	autoclose int pinned = openat(dir, name, O_PATH | O_CLOEXEC);
	struct statx st;
	char path[32];

	/* So the kernel doesn't ask a file system that a process of the container serves. */
	if (pinned < 0 ||
	    statx(pinned, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO, &st) < 0)
		return;
	if (!S_ISFIFO(st.stx_mode) || st.stx_ino != sought->inode ||
	    makedev(st.stx_dev_major, st.stx_dev_minor) != sought->device)
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", pinned);
	sought->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

static void look_at_descriptor(int dir, const char *name, struct pipe_sought *pipes, int count)
{
	char link[LINK_SIZE], wanted[LINK_SIZE];
	ssize_t length = readlinkat(dir, name, link, sizeof(link) - 1);

	if (length <= 0)
		return;
	link[length] = '\0';
	for (int i = 0; i < count; i++) {
		snprintf(wanted, sizeof(wanted), "pipe:[%" PRIu64 "]", pipes[i].inode);
		if (pipes[i].inode && pipes[i].fd < 0 && strcmp(link, wanted) == 0)
			take_pipe(dir, name, &pipes[i]);
	}
}

static bool has_all(const struct pipe_sought *pipes, int count)
{
	for (int i = 0; i < count; i++)
		if (pipes[i].inode && pipes[i].fd < 0)
			return false;
	return true;
}

static void look_at_process(pid_t pid, struct pipe_sought *pipes, int count, int *looks)
{
	autofree char *path = str_format("/proc/%d/fd", (int)pid);
	autodir DIR *stream = opendir(path);

	for (struct dirent *entry; stream && *looks > 0 && (entry = readdir(stream)); (*looks)--) {
		if (entry->d_name[0] == '.')
			continue;
		look_at_descriptor(dirfd(stream), entry->d_name, pipes, count);
		if (has_all(pipes, count))
			return;
	}
}

static void look_at_all_processes(const struct container_state *state, struct pipe_sought *pipes,
				  int count)
{
	struct error ignored = ERROR_NONE;
	autofree pid_t *pids = NULL;
	size_t pid_count = 0;
	int looks = LOOKS_MAX;

	/* Nearly always process 1 has them; to list the others can take long. */
	look_at_process((pid_t)state->pid.value, pipes, count, &looks);
	if (has_all(pipes, count))
		return;
	/* Where the others can't be told from processes of the host, process 1 alone is looked at. */
	(void)processes_list(state, &pids, &pid_count, &ignored);
	for (size_t i = 0; i < pid_count && looks > 0 && !has_all(pipes, count); i++)
		look_at_process(pids[i], pipes, count, &looks);
}

/*
 * Process boundary: a copy of the parent.  The descriptors of a process that has another id than the
 * caller, and a pipe that was given to such an id, can be opened by the capabilities that the
 * creator of a user namespace has in it.  ORDER: the dumpable mark is cleared before the namespace
 * is joined: see cloned_join_and_wait() of rootless/userns_read.c.
 */
static _Noreturn void cloned_find(const struct container_state *state, int program, int socket,
				  struct pipe_sought *pipes, int count)
{
	struct iovec found = { .iov_base = pipes, .iov_len = (size_t)count * sizeof(*pipes) };
	const int kept[] = { program, socket };
	int fds[PIPES_SOUGHT_MAX], fd_count = 0;

	/*
	 * A child that hangs (FIND_MS) must hold neither a lock of the caller's nor the other end of
	 * the pipe to which the caller writes its results.
	 */
	(void)fd_close_others(0, kept, ARRAY_SIZE(kept));
	/* Our own namespace can't be joined, and needs not be: we are root of it then. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0)
		(void)setns(program, CLONE_NEWUSER);
	/* ORDER: afterwards: a change of credentials may clear it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	look_at_all_processes(state, pipes, count);
	for (int i = 0; i < count; i++)
		if (pipes[i].fd >= 0)
			fds[fd_count++] = pipes[i].fd;
	process_end_without_files(rights_send(socket, &found, 1, fds, (size_t)fd_count) < 0);
}

/* What the child has found: the numbers of its descriptors say which.  Returns false after FIND_MS. */
static bool receive_found(int socket, struct pipe_sought *pipes, int count)
{
	const int64_t deadline = clock_ms() + FIND_MS;
	struct pollfd sent = { .fd = socket, .events = POLLIN };
	struct pipe_sought found[PIPES_SOUGHT_MAX] = { 0 };
	struct iovec room = { .iov_base = found, .iov_len = (size_t)count * sizeof(*found) };
	int fds[PIPES_SOUGHT_MAX];
	size_t fd_count = 0, taken = 0;
	int ready;

	do
		ready = poll(&sent, 1, clock_until(deadline));
	while (ready < 0 && errno == EINTR);
	if (ready == 0)
		return false;
	if (rights_receive(socket, &room, 1, 0, fds, PIPES_SOUGHT_MAX, &fd_count) !=
	    (ssize_t)room.iov_len)
		return true;
	for (int i = 0; i < count && taken < fd_count; i++)
		if (found[i].fd >= 0)
			pipes[i].fd = fds[taken++];
	return true;
}

void pipe_find(const struct container_state *state, int program, struct pipe_sought *pipes,
	       int count)
{
	autoclose int ours = -1, its = -1;
	int ends[2];
	pid_t pid;

	for (int i = 0; i < count; i++)
		pipes[i].fd = -1;
	if (has_all(pipes, count) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return;
	ours = ends[0];
	its = ends[1];
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		cloned_find(state, program, its, pipes, count);
	fd_close(&its);
	if (pid < 0)
		return;
	if (receive_found(ours, pipes, count)) {
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		return;
	}
	/* The child can't be waited for: SIGKILL doesn't end a process that waits for the lock of a pipe. */
	kill(pid, SIGKILL);
	log_warning(
		"container %s: what its program writes isn't logged any more: its pipes can't be "
		"opened within %d s",
		state->id, FIND_MS / 1000);
}
