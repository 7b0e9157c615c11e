// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/parent/hooks.h"
#include "core/parent/lifecycle.h"
#include "core/parent/network.h"
#include "core/parent/notify.h"
#include "core/parent/state_socket.h"
#include "core/sync/pipe.h"

static int check_startable(const struct state_dir *dir, const struct container_state *state,
			   int *ret_pidfd, struct error *err)
{
	enum container_status status = state_status(dir, state, ret_pidfd);

	if (status == CONTAINER_CREATED)
		return 0;
	return error_set(err, 0, "container %s can't be started: it is %s", dir->id,
			 container_status_name(status));
}

/* The end of the connection says that execve happened: init's end of it is close-on-exec. */
static int await_exec(int connection, struct error *err)
{
	struct message none = MESSAGE_NONE;

	return pipe_await(connection, 0, &none, err) < 0 ? -1 : 0;
}

/*
 * A hook that fails ends the container's life: it is killed and removed, as the spec has it.
 * Source: OCI runtime-spec 1.3, runtime.md "Lifecycle", step 9.
 */
static void end_container(struct state_dir *dir, const struct container_state *state)
{
	struct error ignored = ERROR_NONE;

	if (container_end(dir, state, &ignored) < 0)
		log_warning("%s", ignored.text);
}

/* However long that takes: other commands aren't kept waiting. */
static void await_ready(const struct state_dir *dir, const struct container_state *state,
			const struct notify *notify, int pidfd)
{
	state_dir_unlock(dir);
	notify_await_ready(notify, (pid_t)state->pid.value, pidfd);
}

int container_start(const char *root, const char *id, const char *notify_socket, struct error *err)
{
	autostatedir struct state_dir dir = STATE_DIR_NONE;
	struct container_state state = { 0 };
	struct notify notify = NOTIFY_NONE;
	autoclose int connection = -1, pidfd = -1;
	int result = -1;

	if (state_open(root, id, STATE_LOCKED, &dir, &state, err) != 0)
		return -1;
	network_warn_if_lost(&state);
	if (check_startable(&dir, &state, &pidfd, err) == 0 &&
	    notify_reopen(notify_socket, &dir, &notify, err) == 0 &&
	    state_socket_connect(&dir, STATE_FILE_START, SOCK_STREAM, &connection, err) == 0 &&
	    await_exec(connection, err) == 0) {
		if (unlinkat(dir.fd, STATE_FILE_START, 0) < 0)
			log_warning("remove %s/%s: %s", dir.path, STATE_FILE_START,
				    error_errno_text(errno));
		result = hooks_run_with_state(HOOK_POSTSTART, &state, CONTAINER_RUNNING, err);
		if (result < 0)
			end_container(&dir, &state);
		else
			await_ready(&dir, &state, &notify, pidfd);
	}
	notify_close(&notify);
	state_release(&state);
	return result;
}
