// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/container/rubbish.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/str.h"
#include "core/cgroup/plan.h"
#include "core/container/again.h"
#include "core/container/detached.h"
#include "core/container/ended.h"
#include "core/container/image_use.h"
#include "core/container/lifecycle.h"
#include "core/container/replace.h"

static bool is_held(const struct state_dir *dir)
{
	autoclose int fd = openat(dir->fd, STATE_FILE_CREATED,
				  O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0;
}

/* Is the process gone that waits for the program?  False where the state names none. */
static bool has_lost_run(const struct container_state *state)
{
	autoclose int monitor = state->monitor_pid.set ? state_open_monitor(state) : -1;

	return state->foreground && state->monitor_pid.set && monitor == -ESRCH;
}

/* Has nobody to wait for its end: it has come, or the `run` is gone.  False where this can't be found out. */
static bool is_over(const struct state_dir *dir, const struct container_state *state)
{
	struct error ignored = ERROR_NONE;
	enum container_status status;

	return state_status(dir, state, &status, NULL, &ignored) == 0 &&
	       (status == CONTAINER_STOPPED ||
		(status != CONTAINER_CREATING && has_lost_run(state)));
}

/* For a later `wait`, which else would not know of the container. */
static void note_unknown_end(const struct state_dir *dir)
{
	struct ended ended = { 0 };
	struct error ignored = ERROR_NONE;
	char now[CLOCK_TEXT_SIZE];

	if (ended_read(dir, &ended, &ignored) == 0) {
		clock_print_now(now);
		ended.finished = arena_str(&ended.arena, now);
		(void)ended_write(dir, &ended, &ignored);
	}
	ended_release(&ended);
}

/*
 * Was urun-monitor killed before it removed the container?  ORDER: under the lock of the directory, since the lock of
 * the monitor is tried.  That lock tells also of a monitor in another pid namespace.
 */
static bool is_unremoved(const struct state_dir *dir, const struct container_state *state)
{
	return monitor_left_removal(state) && detached_await(dir, 0) == 0 && !again_is_kept(dir);
}

bool rubbish_may_be(const struct state_dir *dir, const struct container_state *state)
{
	struct error ignored = ERROR_NONE;

	return (state->foreground || state_has_file(dir, STATE_FILE_CREATING, &ignored) > 0 ||
		monitor_left_removal(state)) &&
	       is_over(dir, state);
}

/* A creation that was cut short: its program had not started, and no hook knows of it. */
static int remove_half(struct state_dir *dir, const struct container_state *state,
		       struct error *err)
{
	const struct cgroup_left left = state_cgroup(state);
	struct error failed = ERROR_NONE;
	int reverted;

	if (cgroup_destroy(&left, &failed) < 0)
		log_warning("container %s: %s", dir->id, failed.text);
	reverted = again_revert(dir, err);
	if (reverted != 0) {
		log_info("container %s: the urun that started it again was killed", dir->id);
		return reverted < 0 ? -1 : 0;
	}
	if (state_dir_remove(dir, err) < 0)
		return -1;
	/* ORDER: as in container_finish(). */
	state_dir_unlock(dir);
	image_use_end(state->image_use);
	return 1;
}

static int remove_abandoned(struct state_dir *dir, const struct container_state *state,
			    struct error *err)
{
	if (monitor_left_removal(state))
		note_unknown_end(dir);
	return container_end(dir, state, err) < 0 ? -1 : 1;
}

int rubbish_remove(struct state_dir *dir, struct error *err)
{
	struct container_state state = { 0 };
	struct error unread = ERROR_NONE, no_copy = ERROR_NONE;
	bool half = state_dir_is_half(dir);
	int result = 0;

	if (state_read(dir, &state, &unread) < 0 && state_read_copy(dir, &state, &no_copy) < 0)
		return unread.code == ENOENT && half ? remove_half(dir, &state, err) : 0;
	if (str_equal(state.id, dir->id) && is_over(dir, &state)) {
		if (half)
			result = remove_half(dir, &state, err);
		else if ((state.foreground && !is_held(dir)) || is_unremoved(dir, &state))
			result = remove_abandoned(dir, &state, err);
	}
	if (result > 0)
		log_info("container %s: the process that was to remove it was killed: what it left "
			 "in %s is removed",
			 dir->id, dir->path);
	state_release(&state);
	return result;
}
