/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_CREATE_H
#define URUN_PARENT_CREATE_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/container/detached.h"
#include "core/container/notify.h"
#include "core/container/port.h"
#include "core/container/state.h"
#include "core/monitor/memory_watch.h"
#include "core/parent/child.h"
#include "core/parent/plan.h"

/* A container that container_create() has made.  Release with created_release(). */
struct created {
	struct state_dir dir;
	struct container_config config; /* scoped */
	struct container_state state;
	struct child child;
	int start, started; /* the FIFOs of core/sync/message.h, until the child has them */
	int failed;	    /* the file of core/sync/failure.h */
	int held; /* state_hold(), where the caller waits for the container's end; else -1 */
	int network_pidfd;	    /* of the container's urun-slirp; -1: there is none */
	int port_pidfd;		    /* of the container's urun-port; -1: there is none */
	struct detached detached;   /* where the request is monitored */
	struct memory_watch memory; /* of the container's cgroup, where the request is attended */
	struct notify notify;
	struct published_list published; /* the published ports, without descriptors */
};

#define CREATED_NONE                                    \
	((struct created){ .dir = STATE_DIR_NONE,       \
			   .child = CHILD_NONE,         \
			   .start = -1,                 \
			   .started = -1,               \
			   .failed = -1,                \
			   .held = -1,                  \
			   .network_pidfd = -1,         \
			   .port_pidfd = -1,            \
			   .detached = DETACHED_NONE,   \
			   .memory = MEMORY_WATCH_NONE, \
			   .notify = NOTIFY_NONE })

/*
 * `create` and `run`, up to the moment in which the program runs or waits for `start`.  On failure
 * everything that was made is undone.
 * Runs in: parent.  Source: OCI runtime-spec 1.3, runtime.md "Lifecycle".
 */
int container_create(const struct create_request *request, struct created *ret_created,
		     struct error *err);
void created_release(struct created *created);

/*
 * Fills the state of a new container from its plan, whose memory it points into; the pid, the cgroup and the
 * network's process aren't known yet.
 */
void created_fill_state(const struct plan *plan, const char *image_use,
			struct container_state *state);

/*
 * Would container_create() succeed, for this user on this host?  Makes the same plan and tries it
 * (plan_try()); gathers all problems where the caller wants that (error_gather()).  Nothing that is made
 * stays.
 * @explanation gets the plan, and what was changed to fit it to the host; NULL: not wanted.
 * Runs in: parent.
 */
int container_check(const struct create_request *request, struct strbuf *explanation,
		    struct error *err);

#endif
