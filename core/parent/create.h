/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_CREATE_H
#define URUN_PARENT_CREATE_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/container/notify.h"
#include "core/container/port.h"
#include "core/container/state.h"
#include "core/parent/child.h"
#include "core/parent/plan.h"

/* A container that was made, and is running or created.  Release with created_release(). */
struct created {
	struct state_dir dir;
	struct container_config config; /* scoped */
	struct container_state state;
	struct child child;
	int start, started, failed; /* until the child has them */
	int held;	   /* of state_hold(): by who waits for the container's end; else -1 */
	int network_pidfd; /* of its urun-slirp; -1: it has none */
	int port_pidfd;	   /* of its urun-port; -1: it has none */
	struct notify notify;
	struct published_list published; /* its ports, without descriptors */
};

#define CREATED_NONE                              \
	((struct created){ .dir = STATE_DIR_NONE, \
			   .child = CHILD_NONE,   \
			   .start = -1,           \
			   .started = -1,         \
			   .failed = -1,          \
			   .held = -1,            \
			   .network_pidfd = -1,   \
			   .port_pidfd = -1,      \
			   .notify = NOTIFY_NONE })

/*
 * The way of `create` and `run`, up to the moment in which the program runs (or waits for `start`).
 * On failure all that was made is undone, and nothing but the error stays.
 * Runs in: parent.  Source: OCI runtime-spec 1.3, runtime.md "Lifecycle".
 */
int container_create(const struct create_request *request, struct created *ret_created,
		     struct error *err);
void created_release(struct created *created);

/*
 * Would container_create() do, for this user on this host?  The same plan, and a try of what is found in
 * a start only later; all problems are gathered where that is wanted (error_gather()).  Nothing that is
 * made stays; the request's id and child are not looked at.
 * @explanation gets the plan and what was changed to fit it to the host; NULL: nobody asks.
 * Runs in: parent.
 */
int container_check(const struct create_request *request, struct strbuf *explanation,
		    struct error *err);

#endif
