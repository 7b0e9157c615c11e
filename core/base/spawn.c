// SPDX-License-Identifier: Apache-2.0
#include "core/base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/base/pidfd.h"
#include "core/base/process.h"
#include "core/base/str.h"

/* Bytes kept of a program's output: the last ones, with the last line. */
#define CAUGHT_SIZE 2048
/*
 * Enough for the 64 KiB that a pipe holds; we don't wait for another process that keeps writing
 * after the program's end.
 */
#define REST_READS_MAX 64

struct caught {
	char bytes[CAUGHT_SIZE];
	size_t size;
};

/* The child's ends of the pipes; the parent closes them after the start. */
struct child_ends {
	int in;
	int out;
};

static int open_ends(const struct spawn *spawn, struct child_ends *child, struct spawned *spawned)
{
	int in[2], out[2];

	if (spawn->input) {
		if (pipe2(in, O_CLOEXEC) < 0)
			return -errno;
		child->in = in[0];
		spawned->stdin_fd = in[1];
		if (fcntl(in[1], F_SETFL, O_NONBLOCK) < 0)
			return -errno;
	} else {
		child->in = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (child->in < 0)
			return -errno;
	}
	if (spawn->keep_stderr)
		return 0;
	if (pipe2(out, O_CLOEXEC) < 0)
		return -errno;
	child->out = out[1];
	spawned->stderr_fd = out[0];
	return fcntl(out[0], F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

/*
 * Writes input to the program.  A program that has ended or has closed its stdin doesn't want more,
 * which is no failure.
 */
static void feed(const struct spawn *spawn, struct spawned *spawned)
{
	const char *input = spawn->input;
	sigset_t pipe_signal, old;
	struct timespec now = { 0 };
	ssize_t written;

	sigemptyset(&pipe_signal);
	sigaddset(&pipe_signal, SIGPIPE);
	sigprocmask(SIG_BLOCK, &pipe_signal, &old);
	do {
		written = write(spawned->stdin_fd, input + spawned->input_done,
				spawn->input_size - spawned->input_done);
		if (written > 0)
			spawned->input_done += (size_t)written;
	} while ((written > 0 && spawned->input_done < spawn->input_size) ||
		 (written < 0 && errno == EINTR));
	if (written >= 0 || errno != EAGAIN)
		fd_close(&spawned->stdin_fd);
	/* Takes our own pending SIGPIPE away before the signal is unblocked. */
	if (written < 0 && errno == EPIPE && !sigismember(&old, SIGPIPE))
		sigtimedwait(&pipe_signal, NULL, &now);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

/* The directory of a helper, through which it is executed. */
#define HELPER_DIR_FD 3

static int launch(const struct spawn *spawn, const struct child_ends *child, pid_t *ret_pid)
{
	/* keep_stderr: stdout joins the stderr that is inherited. */
	int out = child->out >= 0 ? child->out : STDERR_FILENO;
	struct process process = {
		.path = spawn->path,
		.argv = spawn->argv,
		.envp = spawn->envp,
		.fds = { { child->in, STDIN_FILENO },
			 { out, STDERR_FILENO },
			 { out, STDOUT_FILENO } },
		.fd_count = 3,
		.close_from = STDERR_FILENO + 1,
		/* At the time-out, every process that the program has started is killed with it. */
		.group = spawn->timeout_ms ? PROCESS_GROUP_NEW : PROCESS_GROUP_OURS,
	};
	char path[LIBEXEC_EXECUTABLE_SIZE];

	if (spawn->helper) {
		libexec_executable(spawn->helper, HELPER_DIR_FD, path);
		process.path = path;
		process.fds[process.fd_count++] =
			(struct process_fd){ spawn->helper->dir, HELPER_DIR_FD };
		process.close_from = HELPER_DIR_FD + 1;
	}
	return process_spawn(&process, ret_pid);
}

static void close_ours(struct spawned *spawned)
{
	fd_close(&spawned->stdin_fd);
	fd_close(&spawned->stderr_fd);
	fd_close(&spawned->pidfd);
}

int spawn_start(const struct spawn *spawn, struct spawned *ret_spawned, struct error *err)
{
	struct spawned spawned = { .pid = -1, .pidfd = -1, .stderr_fd = -1, .stdin_fd = -1 };
	struct child_ends child = { .in = -1, .out = -1 };
	int result = open_ends(spawn, &child, &spawned);

	/*
	 * The pipe is filled before the program starts, so that the program needn't wait for
	 * spawn_finish().
	 */
	if (result == 0 && spawned.stdin_fd >= 0)
		feed(spawn, &spawned);
	if (result == 0)
		result = launch(spawn, &child, &spawned.pid);
	fd_close(&child.in);
	fd_close(&child.out);
	if (result < 0) {
		close_ours(&spawned);
		return error_set(err, -result, "start %s", spawn->path);
	}
	/* Nobody else waits for the process, so the pid is still its own. */
	result = pidfd_open_process(spawned.pid);
	if (result < 0) {
		kill(spawned.pid, SIGKILL);
		waitpid(spawned.pid, NULL, 0);
		close_ours(&spawned);
		return error_set(err, -result, "open pidfd of %s", spawn->path);
	}
	spawned.pidfd = result;
	*ret_spawned = spawned;
	return 0;
}

/*
 * Reads once, so that a program which writes without end can't hold us.  Returns whether there may
 * be more.
 */
static bool catch_some(struct spawned *spawned, struct caught *caught)
{
	ssize_t got;

	if (caught->size == CAUGHT_SIZE) {
		memmove(caught->bytes, caught->bytes + CAUGHT_SIZE / 2, CAUGHT_SIZE / 2);
		caught->size = CAUGHT_SIZE / 2;
	}
	got = read(spawned->stderr_fd, caught->bytes + caught->size, CAUGHT_SIZE - caught->size);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return errno == EINTR;
	if (got <= 0) {
		fd_close(&spawned->stderr_fd);
		return false;
	}
	caught->size += (size_t)got;
	return true;
}

/* Reads the output that was still in the pipe when the program ended. */
static void catch_rest(struct spawned *spawned, struct caught *caught)
{
	int reads = 0;

	while (spawned->stderr_fd >= 0 && reads++ < REST_READS_MAX)
		if (!catch_some(spawned, caught))
			return;
}

/* How long poll() may wait; -1: for ever. */
static int left_ms(const struct spawn *spawn, int64_t started)
{
	int64_t left;

	if (!spawn->timeout_ms)
		return -1;
	left = started + spawn->timeout_ms - clock_ms();
	if (left <= 0)
		return 0;
	return left > INT32_MAX ? INT32_MAX : (int)left;
}

/*
 * Writes the program's input and reads its output until the program ends.  Its own end counts, not
 * the end of its output: processes that it left in the background may keep the output open.
 * Returns false at the time-out.
 */
static bool spawn_attend(const struct spawn *spawn, struct spawned *spawned, struct caught *caught)
{
	int64_t started = clock_ms();

	for (;;) {
		struct pollfd events[] = {
			{ .fd = spawned->pidfd, .events = POLLIN },
			{ .fd = spawned->stderr_fd, .events = POLLIN },
			{ .fd = spawned->stdin_fd, .events = POLLOUT },
		};
		int wait = left_ms(spawn, started);
		int ready = poll(events, ARRAY_SIZE(events), wait);

		if (ready < 0 && errno != EINTR)
			return true; /* waitpid() waits instead */
		if (ready == 0 && left_ms(spawn, started) == 0)
			return false;
		if (ready <= 0)
			continue;
		if (events[1].revents)
			catch_some(spawned, caught);
		if (events[2].revents)
			feed(spawn, spawned);
		if (events[0].revents)
			return true;
	}
}

/* The last line that isn't empty, in the buffer, without its end. */
static const char *last_line(struct caught *caught)
{
	size_t end = caught->size;
	size_t start;

	while (end && strchr("\r\n \t", caught->bytes[end - 1]))
		end--;
	if (end == CAUGHT_SIZE)
		end--;
	for (start = end; start && caught->bytes[start - 1] != '\n'; start--)
		;
	caught->bytes[end] = '\0';
	return caught->bytes + start;
}

static int report(const struct spawn *spawn, int status, struct caught *caught, struct error *err)
{
	const char *line = last_line(caught);
	const char *colon = *line ? ": " : "";

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status))
		return error_set(err, 0, "%s: exit status %d%s%s", spawn->path, WEXITSTATUS(status),
				 colon, line);
	return error_set(err, 0, "%s: killed by signal %d (%s)%s%s", spawn->path, WTERMSIG(status),
			 sigabbrev_np(WTERMSIG(status)) ?: "unknown", colon, line);
}

int spawn_finish(const struct spawn *spawn, struct spawned *spawned, struct error *err)
{
	struct caught caught = { .size = 0 };
	bool ended = spawn_attend(spawn, spawned, &caught);
	pid_t waited;
	int status = 0;

	if (!ended)
		kill(-spawned->pid, SIGKILL);
	fd_close(&spawned->stdin_fd);
	do
		waited = waitpid(spawned->pid, &status, 0);
	while (waited < 0 && errno == EINTR);
	if (waited < 0) {
		close_ours(spawned);
		return error_set(err, errno, "wait for %s", spawn->path);
	}
	catch_rest(spawned, &caught);
	close_ours(spawned);
	if (!ended)
		return error_set(err, ETIMEDOUT, "%s: killed after its time-out of %u ms",
				 spawn->path, spawn->timeout_ms);
	return report(spawn, status, &caught, err);
}

int spawn_run(const struct spawn *spawn, struct error *err)
{
	struct spawned spawned = { .pid = -1, .pidfd = -1, .stderr_fd = -1, .stdin_fd = -1 };

	if (spawn_start(spawn, &spawned, err) < 0)
		return -1;
	return spawn_finish(spawn, &spawned, err);
}
