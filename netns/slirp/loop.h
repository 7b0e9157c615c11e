/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_SLIRP_LOOP_H
#define URUN_NETNS_SLIRP_LOOP_H

#include "core/base/error.h"
#include "netns/options.h"
#include "netns/slirp/members.h"

/*
 * The packet loop between the tap device and libslirp, until the container ends.  It allocates
 * nothing for a packet, and sleeps while nothing moves.
 * Runs in: urun-slirp.
 */
struct loop;

/*
 * Opens all that the loop needs of the host's files.  @options must outlive the loop.  @watcher_fd
 * is the socket of host_resolv_start(); -1: changes of the host's name servers aren't followed.
 */
struct loop *loop_new(const struct network_options *options, int watcher_fd, struct error *err);

/* The caller keeps the descriptors. */
struct loop_files {
	int tap;		 /* non-blocking; tap_create()'s */
	int stack_resolv;	 /* see dns_serve_stack() */
	struct members *members; /* with the container itself; the loop's to free */
};

/* Returns when the last member has ended or its device is gone.  Fails if the wait fails. */
int loop_run(struct loop *loop, const struct loop_files *files, struct error *err);

void loop_free(struct loop *loop);

#endif
