/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_LOOP_H
#define URUN_NETNS_LOOP_H

#include "core/base/error.h"
#include "netns/options.h"

/*
 * The packet loop: between the tap device and libslirp, until the container ends.  It allocates
 * nothing a packet and sleeps while nothing moves.
 * Runs in: urun-slirp.
 */
struct loop;

/* Opens what it needs of the host's files.  @options are kept. */
struct loop *loop_new(const struct network_options *options, struct error *err);

/*
 * Takes over none of the descriptors: the tap device (non-blocking, with IFF_VNET_HDR), and the
 * pidfd whose process is the container's first.  Returns when that has ended or the device is gone;
 * fails where waiting does.
 */
int loop_run(struct loop *loop, int tap_fd, int life_fd, struct error *err);

void loop_free(struct loop *loop);

#endif
