// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: parent.
 *
 * Whoever may kill a process of the user's can kill urun-monitor: a person by mistake, the kernel
 * for lack of memory.  The program must not suffer: when its pipes are full, it would wait for
 * ever.  No process is there to notice it, and a second one beside each container could be killed as
 * well, so the next urun command notices it:
 *
 *   command: urun list                     another process, of nobody's
 *   ──────────────────────────────────────────────────────────────────────────────────────────
 *   container_open(): the program lives, its monitor doesn't
 *   locks the directory, and the file `monitor`
 *   finds the pipes (core/container/pipe_find.h)
 *   forks twice                      ────▶ a session of its own; writes itself into the state
 *   waits for the end of a pipe      ◀──── the pipe ends: execve of urun-monitor
 *   reads the state anew                   goes on with the log, --timeout and --rm
 *   unlocks
 *
 * ORDER: the file's lock is taken before the pipes are opened, and the new monitor has it until it
 * ends: so there is never a second one, whatever ends us meanwhile.  A monitor that was killed has
 * given it up.
 *
 * The new monitor isn't the program's parent, so waitid(2) tells it nothing.  The kernel tells the
 * exit status to whoever has a pidfd since Linux 6.15; before that, /proc/PID/stat has it until the
 * new parent (systemd, or process 1) has reaped the program, which is a race.  Where the race is
 * lost, the record says that the status isn't known.  (ptrace(2) would tell it on every kernel, but
 * a program could then neither be debugged nor have its signals without our help.)
 *
 * What is lost: what the old monitor had read and not written; the terminal of --tty, whose end the
 * kernel has told to the program by SIGHUP.
 */
#include "core/container/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/libexec.h"
#include "core/base/log.h"
#include "core/base/pidfd.h"
#include "core/cgroup/stats.h"
#include "core/config/change.h"
#include "core/container/detached.h"
#include "core/container/monitor_execute.h"
#include "core/container/monitor_record.h"
#include "core/container/pipe_find.h"
#include "core/monitor/memory_watch.h"

/* ---- is it to be done? ---- */

/* A `run` in the foreground has no monitor that could be replaced. */
static bool has_lost_monitor(const struct container_state *state)
{
	autoclose int monitor = -1;

	if (!state->monitor_pid.set || state->foreground || !state->by_options)
		return false;
	monitor = state_open_monitor(state);
	return monitor == -ESRCH;
}

/* Returns the program's pidfd, or -1. */
static int open_living_program(const struct state_dir *dir, const struct container_state *state)
{
	struct error ignored = ERROR_NONE;
	enum container_status status;
	autoclose int pidfd = -1;

	if (state_status(dir, state, &status, &pidfd, &ignored) < 0 ||
	    (status != CONTAINER_RUNNING && status != CONTAINER_PAUSED))
		return -1;
	return take_fd(&pidfd);
}

bool monitor_left_removal(const struct container_state *state)
{
	return str_map_value(&state->annotations, CONFIG_ANNOTATION_REMOVE) &&
	       has_lost_monitor(state);
}

/* ---- what the new monitor gets ---- */

/* What only a process's owner may see is 1 or 0 for others: so is the exit status. */
static bool shows_everything(const char *stat_text)
{
	const char *at = strrchr(stat_text, ')');

	/* Field 26 of proc(5): the address of the program's code. */
	for (int field = 2; at && field < 26; field++)
		at = strchr(at + 1, ' ');
	return at && strtoull(at, NULL, 10) > 1;
}

/*
 * Opens the file by which the end of the program is told, for as long as its new parent hasn't
 * reaped it.  An open file stays that of the same process.
 */
static int open_stat(const struct container_state *state, int pidfd)
{
	autofree char *path = str_format("/proc/%d/stat", (int)state->pid.value);
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[4096];
	ssize_t got = fd < 0 ? -1 : pread(fd, text, sizeof(text) - 1, 0);

	if (got <= 0)
		return -1;
	text[got] = '\0';
	/* ORDER: afterwards: the pid is the program's as long as the program hasn't been reaped. */
	return shows_everything(text) && pidfd_signal(pidfd, 0) == 0 ? take_fd(&fd) : -1;
}

struct replacement {
	struct libexec program;
	struct detached detached;
	struct memory_watch memory;
	struct monitor_record record;
	struct pipe_sought pipes[2];
	int pidfd;
	int dir;  /* the container's directory, opened anew */
	int stat; /* open_stat() */
	int timer;
	int self;
};

#define REPLACEMENT_NONE                                                \
	((struct replacement){ .program = LIBEXEC_NONE,                 \
			       .detached = DETACHED_NONE,               \
			       .memory = MEMORY_WATCH_NONE,             \
			       .pipes = { { .fd = -1 }, { .fd = -1 } }, \
			       .pidfd = -1,                             \
			       .dir = -1,                               \
			       .stat = -1,                              \
			       .timer = -1,                             \
			       .self = -1 })

static void replacement_release(struct replacement *new)
{
	libexec_close(&new->program);
	detached_release(&new->detached);
	fd_close(&new->memory.own);
	fd_close(&new->memory.above);
	monitor_record_release(&new->record);
	fd_close(&new->pipes[0].fd);
	fd_close(&new->pipes[1].fd);
	fd_close(&new->pidfd);
	fd_close(&new->dir);
	fd_close(&new->stat);
	fd_close(&new->timer);
	fd_close(&new->self);
}

static void open_pipes(struct replacement *new, const struct container_state *state)
{
	const struct monitor_record *record = &new->record;

	new->pipes[0] =
		(struct pipe_sought){ record->stdout_device.value, record->stdout_inode.value, -1 };
	new->pipes[1] =
		(struct pipe_sought){ record->stderr_device.value, record->stderr_inode.value, -1 };
	pipe_find(state, new->pidfd, new->pipes, 2);
}

/* Moves everything that the monitor's descriptors could replace. */
static int clear_monitor_numbers(struct replacement *new, int *report)
{
	int *const fds[] = { report,
			     &new->program.dir,
			     &new->detached.log_dir,
			     &new->detached.lock,
			     &new->memory.own,
			     &new->memory.above,
			     &new->pipes[0].fd,
			     &new->pipes[1].fd,
			     &new->pidfd,
			     &new->dir,
			     &new->stat };

	return monitor_fds_above(fds, ARRAY_SIZE(fds));
}

/*
 * ORDER: the directory is opened anew.  A lock belongs to what open(2) has made: the monitor would
 * hold the command's, if the command were killed.
 */
static int gather(const struct container *container, struct replacement *new, struct error *err)
{
	const struct container_state *state = &container->state;

	if (libexec_open(MONITOR_PROGRAM, &new->program, err) < 0)
		return -1;
	new->dir = openat(container->dir.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (new->dir < 0)
		return error_set(err, errno, "open %s", container->dir.path);
	new->stat = open_stat(state, new->pidfd);
	if (state->cgroup) {
		cgroup_open_memory_events(state->cgroup, &new->memory.own, &new->memory.above);
		memory_watch_begin(&new->memory);
	}
	open_pipes(new, state);
	return 0;
}

/* ---- two processes ---- */

/* In the new process: returns on failure alone. */
static int become_monitor(struct container *container, struct replacement *new, int *report,
			  struct error *err)
{
	struct container_state *state = &container->state;
	const struct str_list *kept = &new->record.environment;
	autostrlist struct str_list environment = { 0 };
	struct monitor_order order = {
		.program = &new->program,
		.id = container->dir.id,
		.root = new->record.root,
		.log_size = (int64_t) new->record.log_size.value,
		.log_number = new->detached.number,
		.above_kills = new->memory.above_kills,
		.removes = new->record.removes,
		.ends_rest = state->mount_namespace.set,
		.replaces = true,
		.report = -1,
	};
	int failed = clear_monitor_numbers(new, report);

	if (failed < 0)
		return error_set(err, -failed, "hand over descriptors");
	setsid();
	state_record_monitor(state);
	if (state_write(&container->dir, state, err) < 0)
		return -1;
	/* The record's own list lies in its arena, and can't grow. */
	for (size_t i = 0; i < kept->count; i++)
		str_list_add(&environment, kept->items[i]);
	str_list_add(&environment, NULL);
	order.envp = environment.items;
	new->timer = monitor_open_timer((int64_t) new->record.deadline_ns.value);
	if (order.removes || order.ends_rest)
		new->self = monitor_open_above("/proc/self/exe", O_PATH);
	monitor_fds_clear(order.fds);
	order.fds[MONITOR_FD_DIRECTORY] = new->program.dir;
	order.fds[MONITOR_FD_STATE] = new->dir;
	order.fds[MONITOR_FD_LOG] = new->detached.log_dir;
	order.fds[MONITOR_FD_LOCK] = new->detached.lock;
	order.fds[MONITOR_FD_PIDFD] = new->pidfd;
	order.fds[MONITOR_FD_STDOUT] = new->pipes[0].fd;
	order.fds[MONITOR_FD_STDERR] = new->pipes[1].fd;
	order.fds[MONITOR_FD_MEMORY] = new->memory.own;
	order.fds[MONITOR_FD_MEMORY_ABOVE] = new->memory.above;
	order.fds[MONITOR_FD_TIMER] = new->timer;
	order.fds[MONITOR_FD_STAT] = new->stat;
	order.fds[MONITOR_FD_URUN] = new->self;
	return monitor_execute(&order, err);
}

/*
 * Process boundary: the second process has all that we have until it executes urun-monitor.  It
 * isn't our child, as we may end at once, or may go on for long and have children of our own to
 * wait for.
 */
static pid_t fork_twice(struct error *err)
{
	pid_t first, second;
	int status;

	fflush(NULL);
	first = fork();
	if (first < 0)
		return error_set(err, errno, "fork");
	if (first == 0) {
		second = fork();
		if (second == 0)
			return 0;
		_exit(second < 0);
	}
	while (waitpid(first, &status, 0) < 0)
		if (errno != EINTR)
			return first;
	return status == 0 ? first : error_set(err, EAGAIN, "fork");
}

_Static_assert(sizeof(struct error_packet) <= PIPE_BUF, "the error is written whole");

/* Waits for the execve, or for the error that the new process tells. */
static int await_execution(int reader, struct error *err)
{
	struct error_packet failure;
	ssize_t got;

	do
		got = read(reader, &failure, sizeof(failure));
	while (got < 0 && errno == EINTR);
	return got == (ssize_t)sizeof(failure) ? error_unpack(&failure, err) : 0;
}

static int start_monitor(struct container *container, struct replacement *new, struct error *err)
{
	autoclose int reader = -1, writer = -1;
	struct error failed = ERROR_NONE;
	struct error_packet told;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(err, errno, "make a pipe");
	reader = ends[0];
	writer = ends[1];
	pid = fork_twice(err);
	if (pid != 0) {
		fd_close(&writer);
		return pid < 0 ? -1 : await_execution(reader, err);
	}
	become_monitor(container, new, &writer, &failed);
	error_pack(&failed, &told);
	fd_write_all(writer, &told, sizeof(told));
	_exit(1);
}

/* ---- the command ---- */

/* The new monitor has ended: with the program, at this moment, or it was killed too. */
static int check_ended(const struct container *container, struct error *err)
{
	autoclose int pidfd = open_living_program(&container->dir, &container->state);

	return pidfd < 0 ? 1 : error_set(err, 0, "the new one was killed at once");
}

/* The caller holds the lock of the directory. */
static int replace_locked(struct container *container, struct error *err)
{
	struct replacement new = REPLACEMENT_NONE;
	/* Another command may have done it, or removed the container, before we got the lock. */
	int result = state_read_again(&container->dir, &container->state, err);

	if (result > 0 && !has_lost_monitor(&container->state))
		return 1;
	if (result > 0)
		new.pidfd = open_living_program(&container->dir, &container->state);
	if (new.pidfd < 0 ||
	    monitor_record_read(&container->dir, &container->state, &new.record) == 0)
		result = result < 0 ? -1 : 0;
	if (result > 0)
		result = detached_resume(&container->dir, &new.detached, err);
	if (result > 0 &&
	    (gather(container, &new, err) < 0 || start_monitor(container, &new, err) < 0))
		result = -1;
	/* ORDER: before the state is read: our copy of the lock ends with these descriptors. */
	replacement_release(&new);
	if (result > 0)
		result = state_read_again(&container->dir, &container->state, err);
	if (result > 0 && has_lost_monitor(&container->state))
		return check_ended(container, err);
	return result;
}

static int lock_to_replace(struct container *container, enum replace_wait wait, struct error *err)
{
	if (wait == REPLACE_PATIENT)
		return state_dir_relock(&container->dir, STATE_LOCK_MS, err);
	return flock(container->dir.fd, LOCK_EX | LOCK_NB) == 0;
}

int monitor_replace(struct container *container, enum state_lock lock, enum replace_wait wait,
		    struct error *err)
{
	autoclose int program = -1;
	int result;

	if (!has_lost_monitor(&container->state))
		return 0;
	program = open_living_program(&container->dir, &container->state);
	if (program < 0)
		return 0;
	result = lock == STATE_LOCKED ? 1 : lock_to_replace(container, wait, err);
	if (result <= 0)
		return result;
	result = replace_locked(container, err);
	if (lock == STATE_UNLOCKED)
		state_dir_unlock(&container->dir);
	if (result < 0)
		return error_prefix(err,
				    "container %s: its urun-monitor was killed, and can't be "
				    "replaced",
				    container->dir.id);
	if (result > 0)
		log_info("container %s: its urun-monitor was killed, and is replaced",
			 container->dir.id);
	return result;
}
