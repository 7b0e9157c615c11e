/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_PORTS_FORWARD_H
#define URUN_NETNS_PORTS_FORWARD_H

#include "core/base/error.h"
#include "netns/ports/source.h"

/*
 * The loop of urun-port, until the container ends: it serves the published ports, their connections
 * and datagrams, and the requests on the control socket (netns/ports/port.h).
 * Runs in: urun-port.
 */
struct forward;

struct forward *forward_new(const struct source *source, struct error *err);

/*
 * Watches the container's life pidfd, which it takes over, and the control socket, which listens, and
 * which the caller keeps.
 * Whatever can fail for lack of a resource fails here, before urun is told that the ports are
 * served.
 */
int forward_begin(struct forward *forward, int life_fd, int control_fd, struct error *err);

/* Returns when the last container that has the ports has ended, or when urun has asked for the end. */
int forward_run(struct forward *forward, struct error *err);

/* Takes NULL. */
void forward_free(struct forward *forward);

#endif
