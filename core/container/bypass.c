// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/container/bypass.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/pidfd.h"
#include "core/base/str.h"
#include "core/container/state_socket.h"

/* The connection waits in the queue of the control socket until urun-bypass serves. */
int bypass_launch(struct bypass *bypass, const struct state_dir *dir, const char *network,
		  struct error *err)
{
	if (state_socket_listen(dir, STATE_FILE_BYPASS, SOCK_SEQPACKET, &bypass->listener, err) <
		    0 ||
	    state_socket_connect(dir, STATE_FILE_BYPASS, SOCK_SEQPACKET, &bypass->connection, err) <
		    0)
		return -1;
	return helper_launch(HELPER_BYPASS, network, &bypass->helper, err);
}

int bypass_give(struct bypass *bypass, int life_pidfd, int user_namespace, struct error *err)
{
	const int fds[] = { life_pidfd, bypass->listener, user_namespace };
	int result;

	if (bypass->helper.ready_fd < 0)
		return 0;
	result = helper_give(&bypass->helper, NULL, 0, fds, ARRAY_SIZE(fds), err);
	fd_close(&bypass->listener);
	return result;
}

int bypass_await(struct bypass *bypass, struct error *err)
{
	if (bypass->helper.ready_fd < 0)
		return 0;
	return helper_await(&bypass->helper, &bypass->pidfd, err);
}

void bypass_undo(struct bypass *bypass)
{
	if (bypass->pidfd >= 0)
		pidfd_signal(bypass->pidfd, SIGKILL);
	bypass_release(bypass);
}

void bypass_release(struct bypass *bypass)
{
	helper_abandon(&bypass->helper);
	fd_close(&bypass->listener);
	fd_close(&bypass->connection);
	fd_close(&bypass->pidfd);
}

int bypass_connect(const struct state_dir *dir, int *ret_fd, struct error *err)
{
	int found = state_has_file(dir, STATE_FILE_BYPASS, err);

	if (found <= 0)
		return found;
	if (state_socket_connect(dir, STATE_FILE_BYPASS, SOCK_SEQPACKET, ret_fd, err) == 0)
		return 0;
	if (err->code != ECONNREFUSED)
		return -1;
	*err = ERROR_NONE;
	log_warning("container %s has no network bypass any more: its urun-bypass has ended; "
		    "connections of the new process go by urun-slirp",
		    dir->id);
	return 0;
}
