/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_CLONE_H
#define URUN_PARENT_CLONE_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/sync/source.h"
#include "rootless/userns.h"

/* The namespaces of a new container: which are made, and descriptors of those that are joined. */
struct namespaces {
	int new_flags;		     /* CLONE_NEW… */
	int joined[CONFIG_NS_COUNT]; /* by enum config_namespace_type; -1: not joined */
	/* Our own user namespace may be that of containers, too: a rootless engine's. */
	bool shared_user_namespace;
};

/*
 * Opens what the config joins by path, and checks that each is a namespace of its type
 * (ioctl_ns(2)). Runs in: parent.  Release with namespaces_release().
 */
int namespaces_open(const struct container_config *config, struct namespaces *ret_namespaces,
		    struct error *err);
/*
 * Opens those of @pid that aren't ours, to join them.  Held by who has checked with a pidfd that
 * @pid is the process meant, before and after.
 */
int namespaces_open_of_process(pid_t pid, struct namespaces *ret_namespaces, struct error *err);
void namespaces_release(struct namespaces *namespaces);
#define autonamespaces __attribute__((cleanup(namespaces_release)))

/* What the child needs until it is `urun init`. */
struct clone_order {
	const struct namespaces *namespaces;
	const struct userns_plan *userns;
	const struct container_config *config; /* time offsets */
	int cgroup_fd;			       /* the cgroup it begins in; -1: ours */
	int self_fd;			       /* what it executes */
	int sync_fd;			       /* its end of the sync pipe */
	int parent_sync_fd;		       /* ours: closed in the child */
	unsigned int preserve_fds;
	unsigned int null_streams; /* STREAM_BIT()s of those that @null_fd takes the place of */
	int null_fd;		   /* /dev/null; looked at only with @null_streams */
	bool keep_groups;
	/* What is to be opened as the caller, see core/sync/source.h; NULL: nothing. */
	const struct mount_sources *sources;
};

/*
 * Does the new process join the namespaces by itself, with nothing of the host's in what the
 * container sees?  And does its child, which MESSAGE_FORKED announces, become the container's
 * process?  The theory is at the head of clone.c.
 */
bool clone_joins(const struct namespaces *namespaces);
bool clone_forks(const struct namespaces *namespaces);

/*
 * Makes the container's first process, or `exec`'s: it waits for BOOTSTRAP and becomes `urun init`.
 * It is our child, and is killed when we end before it is handed over.
 * Runs in: parent.
 */
int clone_init(const struct clone_order *order, pid_t *ret_pid, int *ret_pidfd, struct error *err);

/*
 * Sends JOIN where the new process joins by itself, and waits until a new user namespace can be
 * given its maps; else there is nothing to do.
 * ORDER: after our copy of the child's end of the pipe was closed, so that its death is an end.
 * Runs in: parent.
 */
int clone_join(const struct clone_order *order, struct error *err);

#endif
