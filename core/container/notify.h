/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_NOTIFY_H
#define URUN_CONTAINER_NOTIFY_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/container/state.h"

/*
 * sd_notify(3) out of a container: a unit of Type=notify that runs `urun run` receives the
 * program's reports of its own state.  The program has a socket of its own, and we pass its
 * messages on: for systemd the unit's main process sends them, as NotifyAccess=main requires.
 * Messages about the host are not passed on: which process is the main one, descriptors to be kept,
 * other allowed senders.
 * Runs in: parent.
 */
struct notify {
	const char *host; /* $NOTIFY_SOCKET: a path, or an abstract name behind '@' */
	int socket;	  /* the program's; -1: messages are not passed on */
};
#define NOTIFY_NONE ((struct notify){ .socket = -1 })

/*
 * Prepares the container's socket.  @host is NULL where nobody listens; then there is nothing to
 * do, nor where process.env has a NOTIFY_SOCKET already.  @host outlives *ret_notify.
 * In the container the socket is "notify" in a directory with the host's path, where programs that
 * have run under crun look for it; or in /run/notify, as with runc, where the path can't be used:
 * an abstract name, a path of systemd's own, a path in a bind mount, or a path that the root file
 * system has taken.
 */
int notify_prepare(const char *host, const struct state_dir *dir, struct container_config *config,
		   struct notify *ret_notify, struct error *err);

/* For `start`: opens the same socket again, where `create` has made one. */
int notify_reopen(const char *host, const struct state_dir *dir, struct notify *ret_notify,
		  struct error *err);

void notify_close(struct notify *notify);

/* Passes on the messages that have arrived, a few at a time, without waiting. */
void notify_pass_on(const struct notify *notify);

/*
 * For a container that runs on without us: waits until its program sends READY=1, and tells systemd
 * then that the program (process_of_program()) is the unit's main process; or until the container
 * has ended, by @pidfd.
 */
void notify_await_ready(const struct notify *notify, const struct container_state *state,
			int pidfd);

#endif
