/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CMD_START_H
#define URUN_CMD_START_H

#include "cmd/command.h"
#include "core/container/state.h"

/* Which of the caller's streams a container that is started again has. */
enum start_streams {
	START_DETACHED, /* none: it runs in the background */
	START_OUTPUT,	/* stdout and stderr; we wait for its end */
	START_ALL,	/* stdin too */
};

/*
 * Starts a stopped container without a bundle again, as `run` would with the same options.
 * @container is locked, and is taken over.  *ret_status is the status to exit with: of the program,
 * where we wait for it.  Where the start fails, the container is the stopped one that it was.
 */
int start_again(const struct globals *globals, struct container *container,
		enum start_streams streams, int *ret_status, struct error *err);

/*
 * Opens a container that start_again() can start, and locks it; waits for the monitor of its run
 * before.  Returns 0; 1 where the container isn't such a stopped one, and isn't opened; or -1.
 */
int start_open_stopped(const char *root, const char *id, struct container *ret_container,
		       struct error *err);

#endif
