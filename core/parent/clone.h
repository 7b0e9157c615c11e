/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_CLONE_H
#define URUN_PARENT_CLONE_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/sync/source.h"
#include "rootless/userns.h"

/* The namespaces of a new process: those to be made, and descriptors of those to be joined. */
struct namespaces {
	int new_flags;		     /* CLONE_NEW… */
	int joined[CONFIG_NS_COUNT]; /* by enum config_namespace_type; -1: not joined */
	/* Containers may share our user namespace, and our uid in it: we are root, or in an engine's. */
	bool shared_user_namespace;
};

/*
 * Opens the namespaces that the config names by a path, and checks that each is a namespace of its type
 * (ioctl_ns(2)).
 * Runs in: parent.  Release with namespaces_release().
 */
int namespaces_open(const struct container_config *config, struct namespaces *ret_namespaces,
		    struct error *err);
/*
 * Opens the namespaces of @pid in which we are not.  The caller checks with a pidfd, before and after,
 * that @pid is the process that it means.
 */
int namespaces_open_of_process(pid_t pid, struct namespaces *ret_namespaces, struct error *err);
void namespaces_release(struct namespaces *namespaces);
#define autonamespaces __attribute__((cleanup(namespaces_release)))

/* All that the new process needs until it is `urun init`. */
struct clone_order {
	const struct namespaces *namespaces;
	const struct userns_plan *userns;
	const struct container_config *config; /* time offsets */
	int cgroup_fd;			       /* the cgroup it begins in; -1: ours */
	int self_fd;			       /* of the file that it executes */
	int sync_fd;			       /* its end of the sync pipe */
	int parent_sync_fd;		       /* our end: closed in the new process */
	unsigned int preserve_fds;
	const int *streams; /* see struct child_request */
	bool keep_groups;
	/* Opened with the caller's rights, see core/sync/source.h; NULL: none. */
	const struct mount_sources *sources;
};

/* Does the new process join the namespaces by itself?  The head of clone.c says when and why. */
bool clone_joins(const struct namespaces *namespaces);

/* Does a child of the new process, announced by MESSAGE_FORKED, become the container's process? */
bool clone_forks(const struct namespaces *namespaces);

/*
 * Makes the container's first process, or that of `exec`.  The process waits for BOOTSTRAP and becomes
 * `urun init`.  It is our child; the kernel kills it when we end before it has received RUN.
 * *ret_pidfd is the caller's to close.
 * Runs in: parent.
 */
int clone_init(const struct clone_order *order, pid_t *ret_pid, int *ret_pidfd, struct error *err);

/*
 * Where the new process joins by itself: sends JOIN, and waits until the maps of a new user namespace can
 * be written.  Else does nothing.
 * ORDER: after our copy of the child's end of the pipe was closed, so that the death of the process ends
 * the pipe.
 * Runs in: parent.
 */
int clone_join(const struct clone_order *order, struct error *err);

#endif
