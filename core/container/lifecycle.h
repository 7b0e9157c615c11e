/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_LIFECYCLE_H
#define URUN_CONTAINER_LIFECYCLE_H

#include <stdbool.h>

#include "core/base/error.h"
#include "core/container/state.h"

/*
 * What later commands do with a container that `create` or `run` has made.
 * Everything runs in the parent.  Source: OCI runtime-spec 1.3, runtime.md "Operations".
 */

/*
 * Starts the program of a created container, and returns when execve has happened and the poststart
 * hooks have run.  Fails with init's own error where execve didn't happen; the container is stopped
 * then.  @notify_socket is $NOTIFY_SOCKET, or NULL: where `create` had one too, this returns when
 * the program reports that it is ready (sd_notify(3)).
 */
int container_start(const char *root, const char *id, const char *notify_socket, struct error *err);

enum kill_scope { KILL_INIT, KILL_ALL };

/*
 * Sends @signal to the container's first process, or to all of its processes: the processes of its
 * cgroup, or else of its pid namespace.
 */
int container_kill(const char *root, const char *id, int signal, enum kill_scope scope,
		   struct error *err);

/* Kills the container's first process, by its pidfd, and waits for its end: ten seconds at most. */
int container_kill_first(int pidfd, const char *id, struct error *err);

/*
 * Sends @signal to each process of the container, but not to a process 1 of urun's own
 * (core/pid1/pid1.c), which would pass it on to a process that has it already.
 */
int container_signal_each(const struct container_state *state, int signal, struct error *err);

/*
 * Freeze and thaw a container by its cgroup; in between its status is "paused".  Fail, with the
 * fix, where the container has no cgroup.
 */
int container_pause(const char *root, const char *id, struct error *err);
int container_resume(const char *root, const char *id, struct error *err);

/*
 * Changes the limits: @resources is the JSON of linux.resources.  Its members replace those of the
 * container; other limits stay.
 */
int container_update(const char *root, const char *id, const char *resources, size_t size,
		     struct error *err);

enum delete_how { DELETE_STOPPED, DELETE_FORCE };

/*
 * Removes a container: a stopped one, or a created one after killing it.  DELETE_FORCE removes any
 * container; then a container that doesn't exist, or whose state can't be read, is no error.
 */
int container_delete(const char *root, const char *id, enum delete_how how, struct error *err);

/* Kills the container, and then does the same as container_finish(). */
int container_end(struct state_dir *dir, const struct container_state *state, struct error *err);

/* Ends a foreground `run`: poststop hooks and removal.  The caller closes @dir. */
int container_finish(struct state_dir *dir, const struct container_state *state, struct error *err);

#endif
