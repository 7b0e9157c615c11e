/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_BYPASS_H
#define URUN_CONTAINER_BYPASS_H

#include "core/base/error.h"
#include "core/container/state.h"
#include "netns/launch.h"

/*
 * A container's urun-bypass, where its network has that option (netns/bypass).
 * Runs in: parent.
 */
struct bypass {
	struct helper helper;
	int listener;	/* the control socket, until urun-bypass has it */
	int connection; /* to it, for the container's first process; -1: there is no bypass */
	int pidfd;	/* of urun-bypass, once bypass_await() has returned; -1: none */
};
#define BYPASS_NONE \
	((struct bypass){ .helper = HELPER_NONE, .listener = -1, .connection = -1, .pidfd = -1 })

/* Starts the process.  @network is the text of netns/options.h, and outlives @bypass. */
int bypass_launch(struct bypass *bypass, const struct state_dir *dir, const char *network,
		  struct error *err);

/* ---- nothing to do where it was not launched ---- */

/* urun-bypass joins @user_namespace, the container's, and ends with the container. */
int bypass_give(struct bypass *bypass, int life_pidfd, int user_namespace, struct error *err);

/* Waits until urun-bypass serves. */
int bypass_await(struct bypass *bypass, struct error *err);

/* Kills the process, and closes the descriptors. */
void bypass_undo(struct bypass *bypass);

/* Closes the descriptors. */
void bypass_release(struct bypass *bypass);

/* ---- later ---- */

/*
 * Connects to the urun-bypass of a container that runs, for a process that `exec` starts.  *ret_fd is -1
 * where there is none; where there was one, with a warning.
 */
int bypass_connect(const struct state_dir *dir, int *ret_fd, struct error *err);

#endif
