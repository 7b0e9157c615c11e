/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_SLIRP_LOOP_H
#define URUN_NETNS_SLIRP_LOOP_H

#include "core/base/error.h"
#include "netns/options.h"

/*
 * The packet loop: between the tap device and libslirp, until the container ends.  It allocates
 * nothing a packet and sleeps while nothing moves.
 * Runs in: urun-slirp.
 */
struct loop;

/*
 * Opens what it needs of the host's files.  @options are kept.  @watcher_fd is of
 * host_resolv_start(); -1: the host's name servers stay as they are.
 */
struct loop *loop_new(const struct network_options *options, int watcher_fd, struct error *err);

/* All but @resolv stay the caller's. */
struct loop_files {
	int life;   /* a pidfd, whose process is the container's first */
	int tap;    /* non-blocking, with IFF_VNET_HDR */
	int resolv; /* the container's resolv.conf, to be read and written; -1: it isn't ours */
	int stack_resolv; /* see dns_serve_stack() */
};

/*
 * Returns when the container has ended or its device is gone; fails where waiting does.
 */
int loop_run(struct loop *loop, const struct loop_files *files, struct error *err);

void loop_free(struct loop *loop);

#endif
