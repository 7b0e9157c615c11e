/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_PORTS_FORWARD_H
#define URUN_NETNS_PORTS_FORWARD_H

#include "core/base/error.h"
#include "netns/ports/source.h"

/*
 * The loop of urun-port: the published ports, their connections and datagrams, and what is asked
 * over the control socket (netns/ports/port.h), until the container ends.
 * Runs in: urun-port.
 */
struct forward;

struct forward *forward_new(const struct source *source, struct error *err);

/*
 * Watches the container's life pidfd and the control socket, which listens; takes over neither.  All
 * that can fail for lack of something fails here, before urun is told that the ports are served.
 */
int forward_begin(struct forward *forward, int life_fd, int control_fd, struct error *err);

/* Returns when the container has ended, or that was asked for. */
int forward_run(struct forward *forward, struct error *err);

/* Takes NULL. */
void forward_free(struct forward *forward);

#endif
