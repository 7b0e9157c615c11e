/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_CREATE_H
#define URUN_PARENT_CREATE_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/parent/state.h"

enum create_mode {
	CREATE_ONLY,	   /* `create`: the program waits for `start` */
	CREATE_DETACHED,   /* `run --detach` */
	CREATE_FOREGROUND, /* `run`: we stay its parent, and it ends with us */
};

/* What a caller asks for.  All texts are the caller's and outlive the call; NULL: not given. */
struct create_request {
	enum create_mode mode;
	const char *root; /* of the states */
	const char *id;
	const char *bundle;	 /* absolute */
	const char *config_path; /* absolute */
	const char *pid_file;
	const char *console_socket;
	const char *pidfd_socket;
	unsigned int preserve_fds; /* descriptors 3 … 2 + this go to the program */
	bool listen_fds; /* they are socket-activated ones: the program's LISTEN_FDS says so */
	bool no_pivot;
	bool no_new_keyring;
};

/* A container that was made, and is running or created.  Release with created_release(). */
struct created {
	struct state_dir dir;
	struct container_config config; /* scoped */
	struct container_state state;
	pid_t pid;
	int pidfd;
	int sync_fd;
	int console; /* the master, where the terminal is ours to serve; else -1 */
	/* what the steps below leave for each other */
	int start_listener;
	int console_peer; /* the connection to the console socket */
};

/*
 * The way of `create` and `run`, up to the moment in which the program runs (or waits for `start`).
 * On failure all that was made is undone, and nothing but the error stays.
 * Runs in: parent.  Source: OCI runtime-spec 1.3, runtime.md "Lifecycle".
 */
int container_create(const struct create_request *request, struct created *ret_created,
		     struct error *err);
void created_release(struct created *created);

#endif
