// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/container/wait.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/pidfd.h"
#include "core/base/place.h"
#include "core/container/replace.h"
#include "core/container/state_root.h"

/* How long a parent may take to reap a process that has ended: the kernel tells its status then. */
#define REAP_MS 1000

void waiting_release(struct waiting *waiting)
{
	ended_release(&waiting->ended);
	fd_close(&waiting->monitor);
	fd_close(&waiting->program);
	container_close(&waiting->container);
}

/* The container doesn't exist: looks for what is known of one that is removed. */
static int find_removed(const char *root, const char *id, struct waiting *waiting,
			struct error *err)
{
	struct error failed = ERROR_NONE;
	autoclose int root_fd = -1;

	if (state_root_open(root, PLACE_MUST_EXIST, &root_fd, &failed) < 0)
		return -1;
	ended_sweep(root_fd);
	if (ended_find(root_fd, id, NULL, &waiting->ended, &failed) <= 0)
		return failed.text[0] ? error_take(err, &failed) : -1;
	*err = ERROR_NONE;
	return 0;
}

/*
 * A foreground `run` removes the container at its end, and leaves a record only for who waits.
 * ORDER: under the lock, which `run` takes for the removal: after it we would come too late.
 */
static int announce(struct state_dir *dir, struct error *err)
{
	int locked = state_dir_relock(dir, STATE_LOCK_MS, err), failed;

	if (locked <= 0)
		return locked < 0
			       ? -1
			       : error_set(err, 0, "container %s does not exist any more", dir->id);
	failed = file_create(dir->fd, STATE_FILE_WAITED, 0600, "", 0);
	state_dir_unlock(dir);
	return failed < 0 && failed != -EEXIST
		       ? error_set(err, -failed, "make %s/%s", dir->path, STATE_FILE_WAITED)
		       : 0;
}

/* ORDER: the monitor first: a program that has ended without a monitor has its record by then. */
static int open_processes(struct waiting *waiting, struct error *err)
{
	struct container *container = &waiting->container;
	enum container_status status;

	waiting->monitor = state_open_monitor(&container->state);
	if (waiting->monitor < 0 && waiting->monitor != -ESRCH)
		return error_set(err, -waiting->monitor, "look at the process that waits for %s",
				 container->dir.id);
	waiting->monitor = waiting->monitor < 0 ? -1 : waiting->monitor;
	if (container_status(container, &status, &waiting->program, err) < 0)
		return -1;
	return container->state.foreground ? announce(&container->dir, err) : 0;
}

int waiting_begin(const char *root, const char *id, struct waiting *ret_waiting, struct error *err)
{
	struct waiting waiting = WAITING_NONE;
	int found = container_open(root, id, STATE_UNLOCKED, &waiting.container, err);

	if (found == 1)
		found = find_removed(root, id, &waiting, err);
	else if (found == 0)
		found = open_processes(&waiting, err);
	if (found < 0) {
		waiting_release(&waiting);
		return -1;
	}
	*ret_waiting = waiting;
	return 0;
}

static int await(int pidfd, struct error *err)
{
	struct pollfd end = { .fd = pidfd, .events = POLLIN };

	while (poll(&end, 1, -1) < 0)
		if (errno != EINTR)
			return error_set(err, errno, "wait for the container");
	return 0;
}

/* Is the record in the directory of this run, and not of a later one of the same container? */
static bool is_same_run(const struct container *container)
{
	struct container_state now = { 0 };
	struct error ignored = ERROR_NONE;
	bool same = state_read(&container->dir, &now, &ignored) == 0 &&
		    str_equal(state_began(&now), state_began(&container->state));

	state_release(&now);
	return same;
}

/*
 * Looks for the record of this run.  Returns 1, 0 or -1.
 * ORDER: a record goes from the directory to the store, and only then the directory is removed or
 * gets the state of another run; so the store is looked at again where the directory has nothing.
 * The record is read before the state: a later run writes its state first.
 */
static int find_record(const struct waiting *waiting, struct ended *ret_ended, struct error *err)
{
	const struct container *container = &waiting->container;
	const char *id = container->dir.id, *began = state_began(&container->state);
	struct ended ended = { 0 };
	int found = ended_read(&container->dir, &ended, err);

	if (found > 0 && is_same_run(container)) {
		*ret_ended = ended;
		return 1;
	}
	ended_release(&ended);
	return found < 0 ? -1 : ended_find(container->dir.root_fd, id, began, ret_ended, err);
}

/* What the kernel knows of a process that nobody else waited for in our name. */
static int ask_kernel(int pidfd, struct ended *ret_ended)
{
	struct pollfd reaped = { .fd = pidfd };
	int status, failed;

	(void)poll(&reaped, 1, REAP_MS);
	failed = pidfd_exit_status(pidfd, &status);
	if (failed == 0)
		ended_make(status, false, ret_ended);
	return failed;
}

/*
 * Waits until nobody waits for the program any more.  A monitor that is killed meanwhile is replaced, and that one is
 * waited for.
 */
static int await_monitors(struct waiting *waiting, struct error *err)
{
	while (waiting->monitor >= 0) {
		struct error failed = ERROR_NONE;
		char line[ERROR_LINE_SIZE];
		int replaced;

		if (await(waiting->monitor, err) < 0)
			return -1;
		fd_close(&waiting->monitor);
		replaced = monitor_replace(&waiting->container, STATE_UNLOCKED, REPLACE_PATIENT,
					   &failed);
		if (replaced < 0)
			log_warning("%s", error_format(&failed, line));
		replaced = replaced > 0 ? state_open_monitor(&waiting->container.state) : -1;
		waiting->monitor = replaced < 0 ? -1 : replaced;
	}
	return 0;
}

/* @state: NULL: the container is removed. */
static int unknown(const char *id, const struct container_state *state, struct error *err)
{
	error_set(err, 0, "container %s has ended, and its exit status isn't known", id);
	return error_hint(
		err,
		state && !state->monitor_pid.set
			? "nothing of urun waits for the program of a bundle, or of `create`: see "
			  "urun-wait(1)"
			: "the process that waited for its program was killed");
}

int waiting_end(struct waiting *waiting, struct ended *ret_ended, struct error *err)
{
	const struct container_state *state = &waiting->container.state;
	const char *id = waiting->container.dir.id;
	int found;

	if (waiting->container.dir.fd < 0) {
		*ret_ended = waiting->ended;
		waiting->ended = (struct ended){ 0 };
		id = ret_ended->id;
		return ret_ended->exit_status.set ? 0 : unknown(id, NULL, err);
	}
	if (await_monitors(waiting, err) < 0)
		return -1;
	found = find_record(waiting, ret_ended, err);
	if (found != 0)
		return found < 0 ? -1 : ret_ended->exit_status.set ? 0 : unknown(id, state, err);
	/* Nobody records it, or the process that was to do so was killed. */
	if (waiting->program < 0)
		return unknown(id, state, err);
	return await(waiting->program, err) < 0		     ? -1
	       : ask_kernel(waiting->program, ret_ended) < 0 ? unknown(id, state, err)
							     : 0;
}
