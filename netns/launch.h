/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_LAUNCH_H
#define URUN_NETNS_LAUNCH_H

#include <sys/types.h>

#include "core/base/error.h"

/*
 * The start of urun-slirp, in three steps so that the parent can go on in between: it gets ready
 * while there is no container yet, and serves while the container's mounts are made.
 * Runs in: parent.
 */
struct slirp_launch {
	pid_t starter; /* the program's first process, which ends at once; 0: none */
	int ready_fd;  /* the socket to it; -1: none */
	int pidfd;     /* of the process that stays; -1: not known yet */
};
#define SLIRP_LAUNCH_NONE ((struct slirp_launch){ .ready_fd = -1, .pidfd = -1 })

/* Can this user have slirp here?  Fails with what is missing and its mend. */
int slirp_check_host(struct error *err);

/*
 * Executes urun-slirp (libexec_path()) with @network as it was parsed (NETWORK_SLIRP).  None of the
 * caller's descriptors, signal settings and environment go along; it has a session of its own.
 * Fails with ENOENT and a hint where urun was built without libslirp.
 */
int slirp_launch(const char *network, struct slirp_launch *ret_launch, struct error *err);

/*
 * Gives it the device of the container whose first process is @life_pidfd's.  Both descriptors stay
 * the caller's, who should close @tap_fd: the device lives as long as one is open.
 */
int slirp_give(const struct slirp_launch *launch, int tap_fd, int life_pidfd, struct error *err);

/*
 * Waits until the network is usable, 10 s at most.  *ret_pidfd (close-on-exec, the caller's) is the
 * process that stays: readable when it has ended.  It isn't the caller's child, and ends with the
 * container whatever happens to the caller.  @launch is released in any case; where this fails
 * nothing of urun-slirp is left.  What it goes on without is logged as warnings.
 */
int slirp_await(struct slirp_launch *launch, int *ret_pidfd, struct error *err);

/* For a start that isn't awaited any more: kills what there is of it.  Takes SLIRP_LAUNCH_NONE. */
void slirp_abandon(struct slirp_launch *launch);

#endif
