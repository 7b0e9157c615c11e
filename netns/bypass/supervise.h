/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_BYPASS_SUPERVISE_H
#define URUN_NETNS_BYPASS_SUPERVISE_H

#include "core/base/error.h"
#include "netns/bypass/call.h"

/*
 * The loop of urun-bypass: one thread, which waits in epoll_wait(2) alone.
 * Runs in: urun-bypass.
 */
struct supervision;

/* @life: a pidfd; @control: the listening socket of netns/notify.h.  Both are taken over. */
struct supervision *supervision_new(struct caller_world *world, int life, int control,
				    struct error *err);

/*
 * Serves until the process @life has ended and no process is left under one of the filters.  Returns 0,
 * or -1 where the kernel refuses to wait.
 */
int supervision_run(struct supervision *supervision, struct error *err);

#endif
