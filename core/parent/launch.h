/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_LAUNCH_H
#define URUN_PARENT_LAUNCH_H

#include <stdbool.h>

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/parent/child.h"
#include "core/parent/clone.h"
#include "core/parent/filter.h"
#include "core/sync/message.h"
#include "core/sync/source.h"
#include "rootless/userns.h"

/*
 * One `urun init` on its way to its program: what `create`, `run`, `exec` and `check` do alike, in the
 * order of the functions below.  What each does between them is at its own place.
 * Runs in: parent.  Start from LAUNCH_NONE; release with launch_release().
 */
struct launch {
	/* The caller's, set before launch_clone(); they live longer. */
	const struct child_request *request;
	struct container_config *config;
	const struct userns_plan *userns;
	struct namespaces *namespaces;
	const struct filter *filter;
	const char *id;
	int cgroup_fd;	    /* the cgroup that the process begins in; -1: ours */
	bool opens_sources; /* the sources of the config's mounts are opened for the process */
	struct child *child;

	/* Its own. */
	struct mount_sources sources;
	int child_sync_fd;
	int self_fd;
	bool forks; /* a child of the first process is to take its place: FORKED is awaited */
};

#define LAUNCH_NONE ((struct launch){ .cgroup_fd = -1, .child_sync_fd = -1, .self_fd = -1 })

/* Closes and frees what is its own.  The process stays. */
void launch_release(struct launch *launch);

/* Makes the process, which is launch->child from here on, and is killed when we end. */
int launch_clone(struct launch *launch, struct error *err);

/* Once the pid is known to whoever is to know it: see clone_join(). */
int launch_join(struct launch *launch, struct error *err);

/*
 * Sends CONFIG.  @flags are those of enum order_flag that the caller alone knows, @fds the descriptors
 * that it adds by enum order_fd (-1: none), @sections the ones that it has filled: released here.
 */
int launch_send_config(struct launch *launch, uint32_t flags, int fds[static ORDER_FD_COUNT],
		       struct strbuf sections[static ORDER_SECTION_COUNT], struct error *err);

/*
 * A message of @expected (MESSAGE_BIT()) or, where the process forks, FORKED: that is answered here,
 * and *ret_message says so.
 */
int launch_await(struct launch *launch, unsigned int expected, struct message *ret_message,
		 struct error *err);

/* Kills the process and waits for its end; gives all descriptors back. */
void launch_end(struct launch *launch);

#endif
