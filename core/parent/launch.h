/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_LAUNCH_H
#define URUN_PARENT_LAUNCH_H

#include <stdbool.h>

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/config/mount_plan.h"
#include "core/parent/child.h"
#include "core/parent/clone.h"
#include "core/parent/filter.h"
#include "core/sync/message.h"
#include "core/sync/source.h"
#include "rootless/userns.h"

/*
 * The start of one `urun init`, up to its program: what `create`, `run`, `exec` and `check` have in common.
 * The functions below are called in their order; between them, each command takes its own steps.
 * Runs in: parent.  Start from LAUNCH_NONE; release with launch_release().
 */
struct launch {
	/* Set by the user of this struct before launch_clone(); they outlive the launch. */
	const struct child_request *request;
	struct container_config *config;
	const struct userns_plan *userns;
	const struct userns_caller *caller;
	struct namespaces *namespaces;
	const struct mount_plan *mounts; /* NULL: the process mounts nothing */
	const struct filter *filter;
	const char *id;
	int cgroup_fd; /* the cgroup in which the process begins; -1: urun's own */
	struct child *child;

	/* Owned by the launch. */
	struct mount_sources sources;
	int child_sync_fd;
	int self_fd;
	bool forks; /* MESSAGE_FORKED is awaited: another process takes the place of the first */
};

#define LAUNCH_NONE ((struct launch){ .cgroup_fd = -1, .child_sync_fd = -1, .self_fd = -1 })

/* Closes and frees what the launch owns.  The process stays. */
void launch_release(struct launch *launch);

/* Makes the process: launch->child from here on.  The kernel kills the process when urun ends. */
int launch_clone(struct launch *launch, struct error *err);

/* Called when the pid has been recorded where other commands look for it: see clone_join(). */
int launch_join(struct launch *launch, struct error *err);

/*
 * Sends CONFIG.  @flags: those of enum order_flag that the launch can't know.  @fds: descriptors by enum
 * order_fd, -1 where there is none; they stay the caller's.  @sections: those that the caller has filled;
 * they are released here.
 */
int launch_send_config(struct launch *launch, uint32_t flags, int fds[static ORDER_FD_COUNT],
		       struct strbuf sections[static ORDER_SECTION_COUNT], struct error *err);

/*
 * Receives a message of the types in @expected (MESSAGE_BIT()).  Where the process forks, the message may
 * also be FORKED, which is already answered when this returns.
 */
int launch_await(struct launch *launch, unsigned int expected, struct message *ret_message,
		 struct error *err);

/* Kills the process, waits for its end, and closes all descriptors of the launch. */
void launch_end(struct launch *launch);

#endif
