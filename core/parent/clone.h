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
	bool keep_groups;
	/* What is to be opened as the caller, see core/sync/source.h; NULL: nothing. */
	const struct mount_sources *sources;
};

/*
 * Makes the container's first process: a copy of us that waits for BOOTSTRAP, then becomes root of
 * the user namespace, joins what is to be joined and executes `urun init`.  It is our child, and is
 * killed when we end before it is handed over. Runs in: parent.
 */
int clone_init(const struct clone_order *order, pid_t *ret_pid, int *ret_pidfd, struct error *err);

#endif
