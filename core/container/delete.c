// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/pidfd.h"
#include "core/container/again.h"
#include "core/container/cgroup_end.h"
#include "core/container/detached.h"
#include "core/container/ended.h"
#include "core/container/holder.h"
#include "core/container/hooks.h"
#include "core/container/image_use.h"
#include "core/container/lifecycle.h"
#include "core/container/network.h"
#include "core/container/processes.h"
#include "core/container/state_lock.h"

/*
 * A killed process may need time to die: in uninterruptible sleep, or while it frees much memory.
 */
#define DEATH_TIMEOUT_MS 10000

int container_kill_first(int pidfd, const char *id, struct error *err)
{
	struct pollfd poll_fd = { .fd = pidfd, .events = POLLIN };
	int failed = pidfd_signal(pidfd, SIGKILL);
	int ready;

	if (failed < 0 && failed != -ESRCH)
		return error_set(err, -failed, "kill container %s", id);
	do
		ready = poll(&poll_fd, 1, DEATH_TIMEOUT_MS);
	while (ready < 0 && errno == EINTR);
	if (ready == 0)
		return error_set(err, 0, "container %s was killed, and still lives after %d s", id,
				 DEATH_TIMEOUT_MS / 1000);
	return 0;
}

int container_finish(struct state_dir *dir, const struct container_state *state, struct error *err)
{
	struct error unkept = ERROR_NONE;
	char line[ERROR_LINE_SIZE];

	/* ORDER: the state is removed last: without it nobody would find the cgroup again. */
	if (container_end_cgroup(dir, state, err) < 0 || processes_end_rest(state, err) < 0)
		return -1;
	network_end(dir, state);
	/* ORDER: before the removal: the monitor writes to the directory until it has ended. */
	if (detached_await(dir, DEATH_TIMEOUT_MS) < 0)
		log_warning("container %s: its urun-monitor doesn't end", dir->id);
	detached_await_readers(dir);
	hooks_run_poststop(state);
	/* ORDER: before the removal, after which `wait` looks there. */
	if (ended_keep(dir, state, &unkept) < 0)
		log_warning("%s", error_format(&unkept, line));
	if (state_dir_remove(dir, err) < 0)
		return -1;
	/*
	 * ORDER: after the removal, and before the image's layers and the changes go, which can take
	 * longer than anybody waits for the lock: who waits finds that the container is gone.
	 */
	state_dir_unlock(dir);
	image_use_end(state->image_use);
	holder_finish(dir, state->shared_pid);
	return 0;
}

static int make_stopped(const struct state_dir *dir, const struct container_state *state,
			enum delete_how how, struct error *err)
{
	autoclose int pidfd = -1;
	enum container_status status;

	if (state_status(dir, state, &status, &pidfd, err) < 0)
		return -1;
	if (status == CONTAINER_STOPPED)
		return 0;
	if ((status == CONTAINER_RUNNING || status == CONTAINER_PAUSED) && how != DELETE_FORCE)
		return error_set(err, 0, "container %s is %s: stop it first, or use --force",
				 dir->id, container_status_name(status));
	return container_kill_first(pidfd, dir->id, err);
}

int container_end(struct state_dir *dir, const struct container_state *state, struct error *err)
{
	return make_stopped(dir, state, DELETE_FORCE, err) < 0 ? -1
							       : container_finish(dir, state, err);
}

/* How long urun-monitor may take for the rest of the log and the record, once the program has ended. */
#define RECORD_MS 2000

/*
 * Lets the process that waits for the program record how it ended, for `wait`.  A foreground `run`
 * may remove the container itself meanwhile, so the lock is given back.  Returns as
 * state_dir_relock().
 */
static int await_record(struct state_dir *dir, const struct container_state *state,
			struct error *err)
{
	autoclose int monitor = state_open_monitor(state);
	struct pollfd end = { .fd = monitor, .events = POLLIN };

	/* urun-monitor executes `delete` for a container with --rm: then the monitor is this process. */
	if (monitor < 0 || state->foreground || (pid_t)state->monitor_pid.value == getpid())
		return 1;
	state_dir_unlock(dir);
	(void)poll(&end, 1, RECORD_MS);
	return state_dir_relock(dir, STATE_LOCK_MS, err);
}

/* Is this the removal of --rm, by what was the monitor, of a container that a `restart` will start again? */
static bool is_kept_from_us(const struct state_dir *dir, const struct container_state *state)
{
	return state->monitor_pid.set && (pid_t)state->monitor_pid.value == getpid() &&
	       again_is_kept(dir);
}

/*
 * While await_record() had given the lock back, another command can have started the container again: then that run
 * is deleted, too.  A state that can't be read is that of the run before.
 */
static int delete_by(struct state_dir *dir, struct container_state *state, enum delete_how how,
		     struct error *err)
{
	struct error unread = ERROR_NONE;
	int ours;

	if (is_kept_from_us(dir, state))
		return 0;
	do {
		if (make_stopped(dir, state, how, err) < 0)
			return -1;
		ours = await_record(dir, state, err);
		if (ours <= 0)
			return ours;
	} while (state_read_again(dir, state, &unread) == 0);
	return container_finish(dir, state, err);
}

/*
 * Deletes a container whose state.json doesn't exist or can't be read: its creation was killed
 * halfway, or something else has damaged the file, while the program may run.
 */
static int delete_unread(struct state_dir *dir, const struct error *unread, enum delete_how how,
			 struct error *err)
{
	struct container_state state = { 0 };
	struct error no_copy = ERROR_NONE;
	int result;

	if (unread->code != ENOENT && how != DELETE_FORCE)
		return error_take(err, unread);
	/*
	 * --force removes the rests of a container, not the files of others below a wrong --root.
	 */
	if (!state_dir_is_marked(dir)) {
		error_set(err, 0, "%s is no container's: nothing in it is removed", dir->path);
		return error_hint(err, "is --root the right one? If so, remove it by hand");
	}
	if (state_read_copy(dir, &state, &no_copy) == 0) {
		result = delete_by(dir, &state, how, err);
		state_release(&state);
		return result;
	}
	/* A program that was not started yet ends with its creator, which held the lock. */
	if (!state_dir_is_half(dir)) {
		error_take(err, unread);
		return error_hint(err,
				  "its program can't be found and may run still, so all is kept: "
				  "when it has ended, remove %s by hand",
				  dir->path);
	}
	log_info("container %s: its creation was cut short: what it left in %s is removed", dir->id,
		 dir->path);
	return state_dir_remove(dir, err);
}

/*
 * How long a command that holds the lock may take before the process that it waits for is killed.
 */
#define PATIENCE_MS 2000

/*
 * Takes the lock for --force, also where another command holds it for ever: that command waits for
 * the container's first process (stopped, or blocked by a file system), or was stopped itself.
 * Returns as state_dir_relock().
 */
static int lock_by_force(struct state_dir *dir, struct error *err)
{
	struct container_state state = { 0 };
	struct error ignored = ERROR_NONE;
	int locked = state_dir_relock(dir, PATIENCE_MS, &ignored);

	if (locked >= 0)
		return locked;
	log_info("%s: the container is killed", ignored.text);
	if (state_read(dir, &state, &ignored) == 0) {
		autoclose int pidfd = pidfd_open_same(
			(pid_t)state.pid.value, state.start_time.value, state.pid_inode.value);

		if (pidfd >= 0)
			pidfd_signal(pidfd, SIGKILL);
		state_release(&state);
	}
	state_lock_kill_stopped(dir->fd);
	return state_dir_relock(dir, STATE_LOCK_MS, err);
}

/* Returns 0; 1 where there is no such container; or -1. */
static int open_to_delete(const char *root, const char *id, enum delete_how how,
			  struct state_dir *ret_dir, struct error *err)
{
	int result, locked;

	if (how != DELETE_FORCE)
		return state_dir_open(root, id, STATE_LOCKED, ret_dir, err);
	result = state_dir_open(root, id, STATE_UNLOCKED, ret_dir, err);
	if (result != 0)
		return result;
	locked = lock_by_force(ret_dir, err);
	return locked < 0 ? -1 : locked == 0;
}

/* A shortage of ours says nothing about the file, and nothing is removed for it. */
static bool is_shortage(int code)
{
	return code == EMFILE || code == ENFILE || code == ENOMEM || code == EIO || code == EINTR;
}

int container_delete(const char *root, const char *id, enum delete_how how, struct error *err)
{
	autostatedir struct state_dir dir = STATE_DIR_NONE;
	struct container_state state = { 0 };
	struct error unread = ERROR_NONE;
	int result;

	if (state_check_id(id, err) < 0)
		return -1;
	if (how == DELETE_FORCE)
		state_dir_open_up(root, id);
	result = open_to_delete(root, id, how, &dir, err);
	if (result != 0) {
		state_sweep(root, id);
		/* Engines delete containers by force that they failed to create. */
		return result > 0 && how == DELETE_FORCE ? 0 : -1;
	}
	if (state_read(&dir, &state, &unread) < 0)
		return is_shortage(unread.code) ? error_take(err, &unread)
						: delete_unread(&dir, &unread, how, err);
	result = delete_by(&dir, &state, how, err);
	state_release(&state);
	return result;
}
