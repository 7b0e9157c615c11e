/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_NOTIFY_H
#define URUN_CONTAINER_NOTIFY_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/container/state.h"

/*
 * sd_notify(3) out of a container: a unit of Type=notify that runs `urun run` hears what the
 * program says of its own state.  The program has a socket of its own, and we pass
 * on what comes: to systemd it is the unit's main process that speaks, as NotifyAccess=main asks
 * for.  Not passed on is what speaks of the host: which process is the main one, descriptors to be
 * kept, who else may speak.
 * Runs in: parent.
 */
struct notify {
	const char *host; /* $NOTIFY_SOCKET: a path, or an abstract name behind '@' */
	int socket;	  /* what the program speaks to; -1: nobody is to hear of it */
};
#define NOTIFY_NONE ((struct notify){ .socket = -1 })

/*
 * @host is NULL where nobody listens; then there is nothing to do, nor where process.env has a
 * NOTIFY_SOCKET already.  It outlives *ret_notify.
 * In the container the socket is "notify" in a directory with the host's path, where programs that
 * have run under crun look for it; in /run/notify, as with runc, where that can't be: an abstract
 * name, a path of systemd's own, one in a bind mount, or one that the root file system has taken.
 */
int notify_prepare(const char *host, const struct state_dir *dir, struct container_config *config,
		   struct notify *ret_notify, struct error *err);

/* For `start`: the same socket anew, where `create` has made one. */
int notify_reopen(const char *host, const struct state_dir *dir, struct notify *ret_notify,
		  struct error *err);

void notify_close(struct notify *notify);

/* Passes on what has come, without waiting, and not more than a few at a time. */
void notify_pass_on(const struct notify *notify);

/*
 * For a container that is on its own from now on: waits until its program says READY=1, and tells
 * systemd with it that @pid is the unit's main process; or until it has ended.
 */
void notify_await_ready(const struct notify *notify, pid_t pid, int pidfd);

#endif
