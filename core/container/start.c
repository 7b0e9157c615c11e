// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/pidfd.h"
#include "core/base/str.h"
#include "core/config/ending.h"
#include "core/container/hooks.h"
#include "core/container/lifecycle.h"
#include "core/container/network.h"
#include "core/container/notify.h"
#include "core/container/processes.h"
#include "core/sync/failure.h"
#include "core/sync/pipe.h"

/* How often the process is checked while it sends nothing. */
#define LOOK_MS 100

static int check_startable(const struct container *container, int *ret_pidfd, struct error *err)
{
	const char *id = container->dir.id;
	enum container_status status;
	struct process_stat stat;

	if (container_status(container, &status, ret_pidfd, err) < 0)
		return -1;
	if (status != CONTAINER_CREATED)
		return error_set(err, 0, "container %s can't be started: it is %s", id,
				 container_status_name(status));
	/* A process that is stopped by a signal would never answer. */
	if (process_read_stat((pid_t)container->state.pid.value, &stat) < 0 || stat.state != 'T')
		return 0;
	error_set(err, 0, "container %s can't be started: its first process is stopped by a signal",
		  id);
	return error_hint(err, "continue it with `urun kill %s CONT`", id);
}

static int open_fifo(const struct state_dir *dir, const char *name, int flags, int *ret_fd,
		     struct error *err)
{
	autoclose int fd = openat(dir->fd, name, flags | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	/* ENXIO: no process has the other end open. */
	if (fd < 0)
		return error_set(err, errno, "open %s/%s", dir->path, name);
	if (fstat(fd, &st) < 0)
		return error_set(err, errno, "stat %s/%s", dir->path, name);
	if (!S_ISFIFO(st.st_mode))
		return error_set(err, 0, "%s/%s is not a FIFO", dir->path, name);
	*ret_fd = take_fd(&fd);
	return 0;
}

/* Reads one message of the FIFO.  Returns 1 where the wait for the program is over, 0, or -1. */
static int hear_init(int started, const struct container_state *state, bool ended,
		     struct error *err)
{
	struct message none = MESSAGE_NONE;

	switch (pipe_take(started, 0, &none, err)) {
	case PIPE_FAILED: return -1;
	case PIPE_END: return 1;
	case PIPE_EMPTY: return ended || program_is_executed(process_of_program(state));
	default: return 0;
	}
}

/*
 * The end of the FIFO `started` says that execve happened: init's end of the FIFO is close-on-exec.
 * A process of another container that has taken init over can hold the FIFO open, write parts of
 * messages, and write without end.  So the process itself is looked at too, nothing is waited for
 * inside of a message, and the number of messages has a bound.
 */
static int await_execve(int started, const struct container_state *state, int pidfd,
			struct error *err)
{
	for (int messages = 0; messages < PIPE_LINES_MAX;) {
		struct pollfd events[] = { { .fd = started, .events = POLLIN },
					   { .fd = pidfd, .events = POLLIN } };
		int ready = poll(events, ARRAY_SIZE(events), LOOK_MS);
		int over;

		if (ready < 0 && errno != EINTR)
			return error_set(err, errno, "wait for the program's start");
		if (ready > 0 && events[0].revents) {
			over = hear_init(started, state, events[1].revents != 0, err);
			if (over != 0)
				return over < 0 ? -1 : 0;
			messages++;
		} else if (ready > 0 ||
			   (ready == 0 && program_is_executed(process_of_program(state)))) {
			return 0;
		}
	}
	if (program_is_executed(process_of_program(state)))
		return 0;
	return error_set(err, 0,
			 "container %s: its first process, or another one, writes to the FIFO "
			 "`" STATE_FILE_STARTED "` without end",
			 state->id);
}

/* ORDER: `started` is opened before init goes on, or its end could be missed. */
static int start_program(const struct state_dir *dir, const struct container_state *state,
			 int pidfd, struct error *err)
{
	autoclose int start = -1, started = -1, failed = -1;
	struct error ignored = ERROR_NONE;
	struct ending ending;

	/* A container of an older urun has no such file. */
	failed = openat(dir->fd, STATE_FILE_FAILED,
			O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (open_fifo(dir, STATE_FILE_STARTED, O_RDONLY, &started, err) < 0 ||
	    open_fifo(dir, STATE_FILE_START, O_WRONLY, &start, err) < 0)
		return -1;
	if (write(start, "s", 1) != 1)
		return error_set(err, errno, "write to %s/%s", dir->path, STATE_FILE_START);
	if (await_execve(started, state, pidfd, err) < 0)
		return -1;
	/*
	 * Another process can have written to the file (core/sync/failure.h): a program that runs
	 * outweighs it.  Beside a process 1 of urun's own the program may have failed nevertheless.
	 */
	if (ending_read(&state->annotations, &ending, &ignored) == 0 && !ending.init &&
	    program_is_executed((pid_t)state->pid.value))
		return 0;
	if (failed >= 0 && failure_read(failed, err) < 0)
		return -1;
	if (program_was_executed((pid_t)state->pid.value))
		return 0;
	error_set(err, 0, "the container's first process ended before the program ran");
	return error_hint(err, "with a seccomp profile: " PROGRAM_FILTER_HINT);
}

static void remove_start_files(const struct state_dir *dir)
{
	static const char *const names[] = { STATE_FILE_START, STATE_FILE_STARTED,
					     STATE_FILE_FAILED };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (unlinkat(dir->fd, names[i], 0) < 0 && errno != ENOENT)
			log_warning("remove %s/%s: %s", dir->path, names[i],
				    error_errno_text(errno));
}

int container_start(const char *root, const char *id, const char *notify_socket, struct error *err)
{
	autocontainer struct container container = CONTAINER_NONE;
	struct state_dir *dir = &container.dir;
	struct container_state *state = &container.state;
	struct notify notify = NOTIFY_NONE;
	struct error ignored = ERROR_NONE;
	autoclose int pidfd = -1;
	int result = -1;

	if (container_open(root, id, STATE_LOCKED, &container, err) != 0)
		return -1;
	network_warn_if_lost(dir, state);
	if (check_startable(&container, &pidfd, err) == 0 &&
	    notify_reopen(notify_socket, dir, &notify, err) == 0 &&
	    start_program(dir, state, pidfd, err) == 0) {
		remove_start_files(dir);
		if (state_learn_start_time(dir, state, &ignored) < 0)
			log_warning("%s", ignored.text);
		result = hooks_run_with_state(HOOK_POSTSTART, state, CONTAINER_RUNNING, err);
		if (result < 0) {
			/*
			 * A hook that fails ends the container's life: it is killed and removed.
			 * Source: OCI runtime-spec 1.3, runtime.md "Lifecycle", step 9.
			 */
			if (container_end(dir, state, &ignored) < 0)
				log_warning("%s", ignored.text);
		} else {
			/* The program may take long: other commands don't wait for it. */
			state_dir_unlock(dir);
			notify_await_ready(&notify, state, pidfd);
		}
	}
	notify_close(&notify);
	return result;
}
