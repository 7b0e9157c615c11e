/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_LAUNCH_H
#define URUN_NETNS_LAUNCH_H

#include <stddef.h>
#include <sys/types.h>

#include "core/base/error.h"

/*
 * The start of a program that serves a container's network (urun-slirp, urun-port), in three steps
 * so that the parent can go on in between: it gets ready while there is no container yet, and has
 * its work handed while the container's mounts are made.  It isn't the caller's child in the end,
 * and ends with the container whatever happens to the caller.
 * Runs in: parent.  The messages are in netns/ready.h.
 */
struct helper {
	const char *program; /* its name */
	pid_t starter;	     /* the first process, which ends when the other serves; 0: none */
	int ready_fd;	     /* the socket to it; -1: none */
	int pidfd;	     /* of the process that stays; -1: not known yet */
};
#define HELPER_NONE ((struct helper){ .ready_fd = -1, .pidfd = -1 })

#define HELPER_SLIRP "urun-slirp"
/* With the host's network it is the container's urun-resolv. */
#define HELPER_PORT "urun-port"

/* Can this user have slirp here?  Fails with what is missing and its mend. */
int slirp_check_host(struct error *err);

/*
 * Executes the helper that libexec_open() finds for @program, with one argument.  None of the caller's descriptors, signal
 * settings and environment go along; it has a session of its own.  Both texts outlive the helper.
 * Fails with ENOENT and a hint where urun was built without the program.
 */
int helper_launch(const char *program, const char *argument, struct helper *ret_helper,
		  struct error *err);

/*
 * Gives it the life pidfd, of the container's first process, and what else it is to have.  All
 * descriptors stay the caller's.
 */
int helper_give(const struct helper *helper, const int *fds, size_t count, struct error *err);

/*
 * Waits until it serves, 10 s at most.  *ret_pidfd (close-on-exec, the caller's) is the process that
 * stays: readable when it has ended.  @helper is released in any case; where this fails nothing of
 * it is left.  What it goes on without is logged as warnings.
 */
int helper_await(struct helper *helper, int *ret_pidfd, struct error *err);

/* For a start that isn't awaited any more: kills what there is of it.  Takes HELPER_NONE. */
void helper_abandon(struct helper *helper);

#endif
