/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_FORWARD_H
#define URUN_NETNS_FORWARD_H

#include "core/base/error.h"
#include "netns/source.h"

/*
 * The loop of urun-port: the published ports, their connections and datagrams, and what is asked
 * over the control socket (netns/port.h), until the container ends.
 * Runs in: urun-port.
 */
struct forward;

struct forward *forward_new(const struct source *source, struct error *err);

/*
 * Takes over none of the descriptors: the container's life pidfd and the control socket, which
 * listens.  Returns when the container has ended, or that was asked for.
 */
int forward_run(struct forward *forward, int life_fd, int control_fd, struct error *err);

/* Takes NULL. */
void forward_free(struct forward *forward);

#endif
