/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_LAUNCH_H
#define URUN_NETNS_LAUNCH_H

#include <stddef.h>
#include <sys/types.h>

#include "core/base/error.h"

/*
 * Starts a program that serves a container's network (urun-slirp, urun-port, urun-bypass).  The start has three
 * steps, so that the parent can go on in between: helper_launch() while there is no container yet,
 * helper_give() while the container's mounts are made, helper_await() before the container counts
 * as created.  In the end the helper isn't a child of the caller.  It ends with the container,
 * whatever happens to the caller.
 * Runs in: parent.  The messages are in netns/ready.h.
 */
struct helper {
	const char *program; /* the program's name */
	pid_t starter;	     /* the first process, which ends when the second one serves; 0: none */
	int ready_fd;	     /* the socket to both processes; -1: none */
	int pidfd;	     /* of the process that stays; -1: not received yet */
};
#define HELPER_NONE ((struct helper){ .ready_fd = -1, .pidfd = -1 })

#define HELPER_SLIRP  "urun-slirp"
#define HELPER_BYPASS "urun-bypass"
/* With the host's network this program is the container's urun-resolv. */
#define HELPER_PORT "urun-port"

/*
 * Returns whether this user can have slirp here.  *@ret_way is tap_check_host()'s, and may be NULL.  Fails with what is not
 * available and its fix.
 */
int slirp_check_host(const char **ret_way, struct error *err);

/*
 * Executes the helper that libexec_open() finds for @program, with the one argument @argument.  The
 * helper inherits none of the caller's descriptors, signal settings and environment, and has a
 * session of its own.  Both texts must outlive @ret_helper.
 * Fails with ENOENT and a hint if urun was built without the program.
 */
int helper_launch(const char *program, const char *argument, struct helper *ret_helper,
		  struct error *err);

/*
 * Gives the helper the life pidfd, which is the pidfd of the container's first process, and what
 * else it serves, as @fds and as the @size bytes of @payload (0: none).  The caller keeps all
 * descriptors.
 */
int helper_give(const struct helper *helper, const void *payload, size_t size, const int *fds,
		size_t count, struct error *err);

/*
 * Waits until the helper serves, 10 s at most.  *ret_pidfd (close-on-exec, owned by the caller) is
 * the process that stays: readable when the process has ended.  Releases @helper in any case; on
 * failure nothing of the helper is left.  Logs a warning for each thing that the helper goes on
 * without.
 */
int helper_await(struct helper *helper, int *ret_pidfd, struct error *err);

/* Abandons a start: kills what there is of the helper.  Takes HELPER_NONE. */
void helper_abandon(struct helper *helper);

#endif
