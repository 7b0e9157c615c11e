// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: parent.
 *
 * A container without a bundle, in the background:
 *
 *   caller: urun run --detach              creator: a fork, in a session of its own
 *   ──────────────────────────────────────────────────────────────────────────────────────────
 *   detach_fork()                    ────▶ container_create(), with the caller's stderr
 *                                          the program runs
 *                                   ◀──── "r" on the pipe
 *   detach_await()                  ◀──── the pipe ends: execve of urun-monitor
 *   prints the id, and ends                urun-monitor: the program's parent, for the program's life
 *
 * The monitor must be the parent of the program, which is how it learns the exit status; and it must be
 * nobody's terminal's.  So not the caller, which has to end, but a fork makes the container.  An execve
 * keeps the pid and the children, and leaves nothing else of urun in memory.
 *
 * Whatever ends the caller before the program is released ends the creator too, by its death signal, and
 * so the container; from there on the creator goes on without the caller (core/parent/create.c).  Where the creator fails, it prints the error, and the caller
 * exits with its status.
 *
 * A monitor that was killed is replaced by the next command (core/container/replace.c).  Until then the program goes on:
 * see core/parent/streams.h.
 */
#include "core/parent/detach.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/str.h"
#include "core/config/ending.h"
#include "core/container/monitor_execute.h"
#include "core/container/monitor_record.h"

/* The bytes on the pipe. */
#define REPORT_RUNS   'r'
#define REPORT_FAILED 'f'

void detach_release(struct detach *detach)
{
	libexec_close(&detach->monitor);
	fd_close(&detach->report);
}

/* ---- two processes ---- */

/* Process boundary: the new process has all that the caller has, but for the terminal's signals. */
static int become_creator(struct detach *detach, pid_t caller, struct error *err)
{
	detach->creator = 0;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return error_set(err, errno, "detach: set a death signal");
	/* ORDER: after the death signal: a caller that ended before has sent none. */
	if (getppid() != caller)
		_exit(1);
	setsid();
	return 0;
}

int detach_fork(struct detach *detach, enum detach_side *ret_side, struct error *err)
{
	autoclose int reader = -1, writer = -1;
	pid_t caller = getpid();
	int ends[2];

	if (libexec_open(MONITOR_PROGRAM, &detach->monitor, err) < 0)
		return err->code != ENOENT ? -1
					   : error_hint(err,
							"%s is neither in " URUN_LIBEXECDIR
							" nor beside urun: put it into one of them",
							MONITOR_PROGRAM);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(err, errno, "make a pipe");
	reader = ends[0];
	writer = ends[1];
	fflush(NULL);
	detach->creator = fork();
	if (detach->creator < 0)
		return error_set(err, errno, "fork");
	*ret_side = detach->creator ? DETACH_CALLER : DETACH_CREATOR;
	detach->report = take_fd(detach->creator ? &reader : &writer);
	return detach->creator ? 0 : become_creator(detach, caller, err);
}

/* ---- the caller ---- */

int detach_await(struct detach *detach, int *ret_status, struct error *err)
{
	char said = '\0', byte;
	ssize_t got;
	int status;

	while ((got = read(detach->report, &byte, 1)) > 0 || (got < 0 && errno == EINTR))
		said = got > 0 ? byte : said;
	*ret_status = 0;
	if (said == REPORT_RUNS)
		return 0;
	while (waitpid(detach->creator, &status, 0) < 0)
		if (errno != EINTR)
			return error_set(err, errno, "wait for the container's creator");
	if (WIFSIGNALED(status))
		return error_set_killed(err, "the process that makes the container",
					WTERMSIG(status), "before the program ran");
	*ret_status = WEXITSTATUS(status);
	return 0;
}

/* ---- the creator becomes the monitor ---- */

/* Moves everything that we have open, and that the monitor's descriptors could replace. */
static int clear_numbers(struct detach *detach, struct created *created, struct streams *streams)
{
	int *const fds[] = { &detach->report,
			     &detach->monitor.dir,
			     &created->dir.fd,
			     &created->dir.root_fd,
			     &created->child.pidfd,
			     &created->child.console,
			     &created->detached.log_dir,
			     &created->detached.lock,
			     &created->memory.own,
			     &created->memory.above,
			     &streams->log[STDOUT_FILENO],
			     &streams->log[STDERR_FILENO] };

	return monitor_fds_above(fds, ARRAY_SIZE(fds));
}

/*
 * While somebody has the other end of a terminal open, reading its master doesn't end, though the program may
 * close the terminal and open it again.
 */
static int open_terminal(int console)
{
	int fd;

	if (console < 0)
		return -1;
	fcntl(console, F_SETFL, O_NONBLOCK);
	fd = ioctl(console, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	monitor_fd_above(&fd);
	return fd;
}

/* 0: the container may live for ever. */
static int64_t find_deadline(const struct created *created)
{
	struct error ignored = ERROR_NONE;
	struct ending ending;

	/* The plan has refused annotations that can't be read. */
	if (ending_read(&created->config.annotations, &ending, &ignored) < 0 ||
	    !ending.lifetime_seconds)
		return 0;
	return clock_ns() + (int64_t)ending.lifetime_seconds * 1000000000;
}

void detach_record(const struct created *created, struct detach_order *order)
{
	struct monitor_record record = {
		.began = (char *)(uintptr_t)state_began(&created->state),
		.root = (char *)(uintptr_t)order->root,
		.log_size = { .set = true, .value = (uint64_t)order->log_size },
		.removes = order->removes,
		.environment = { order->environment.items, order->environment.count - 1 },
	};
	int failed;

	order->deadline_ns = find_deadline(created);
	record.deadline_ns = (struct opt_u64){ .set = order->deadline_ns != 0,
					       .value = (uint64_t)order->deadline_ns };
	monitor_record_pipe(order->streams->log[STDOUT_FILENO], &record.stdout_device,
			    &record.stdout_inode);
	monitor_record_pipe(order->streams->log[STDERR_FILENO], &record.stderr_device,
			    &record.stderr_inode);
	failed = monitor_record_write(created->detached.lock, &record);
	if (failed < 0)
		log_warning("write %s/%s: %s", created->dir.path, STATE_FILE_MONITOR,
			    error_errno_text(-failed));
}

/* What a container in another's pid namespace has left must be ended: core/container/processes.h. */
static bool leaves_processes(const struct created *created)
{
	return created->state.mount_namespace.set;
}

/* The caller's stderr is needed again, for the error.  Where the caller has ended, nobody reads either. */
static int fail_to_hand_over(const struct detach *detach, int stderr_fd)
{
	const char text = REPORT_FAILED;

	dup2(stderr_fd, STDERR_FILENO);
	fd_write_all(detach->report, &text, 1);
	return -1;
}

int detach_hand_over(struct detach *detach, struct created *created,
		     const struct detach_order *order, struct error *err)
{
	struct streams *streams = order->streams;
	autoclose int stderr_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, MONITOR_FD_END);
	int failed = clear_numbers(detach, created, streams);
	autoclose int terminal = open_terminal(created->child.console);
	autoclose int timer = monitor_open_timer(order->deadline_ns);
	autoclose int self = order->removes || leaves_processes(created)
				     ? monitor_open_above("/proc/self/exe", O_PATH)
				     : -1;
	struct monitor_order monitor = {
		.program = &detach->monitor,
		.id = created->dir.id,
		.root = order->root,
		.log_size = order->log_size,
		.log_number = created->detached.number,
		.above_kills = created->memory.above_kills,
		.removes = order->removes,
		.ends_rest = leaves_processes(created),
		.envp = order->environment.items,
		/* A caller that has gone is no failure: the program runs, and the death signal is off (create.c). */
		.report = detach->report,
		.report_byte = REPORT_RUNS,
	};

	if (failed < 0 || stderr_fd < 0)
		return error_set(err, failed < 0 ? -failed : errno, "hand over descriptors");
	monitor_fds_clear(monitor.fds);
	monitor.fds[MONITOR_FD_DIRECTORY] = detach->monitor.dir;
	monitor.fds[MONITOR_FD_STATE] = created->dir.fd;
	monitor.fds[MONITOR_FD_LOG] = created->detached.log_dir;
	monitor.fds[MONITOR_FD_LOCK] = created->detached.lock;
	monitor.fds[MONITOR_FD_PIDFD] = created->child.pidfd;
	monitor.fds[MONITOR_FD_STDOUT] =
		created->child.console >= 0 ? created->child.console : streams->log[STDOUT_FILENO];
	monitor.fds[MONITOR_FD_STDERR] = streams->log[STDERR_FILENO];
	monitor.fds[MONITOR_FD_TERMINAL] = terminal;
	monitor.fds[MONITOR_FD_MEMORY] = created->memory.own;
	monitor.fds[MONITOR_FD_MEMORY_ABOVE] = created->memory.above;
	monitor.fds[MONITOR_FD_TIMER] = timer;
	monitor.fds[MONITOR_FD_URUN] = self;
	monitor_execute(&monitor, err);
	return fail_to_hand_over(detach, stderr_fd);
}
