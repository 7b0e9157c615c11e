/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_WAIT_H
#define URUN_CONTAINER_WAIT_H

#include "core/container/ended.h"
#include "core/container/state.h"

/* A container whose end is waited for.  Start from WAITING_NONE. */
struct waiting {
	struct container container; /* not open: the container is removed already */
	int monitor;		    /* a pidfd of the process that records the end; -1: none */
	int program;		    /* a pidfd of the first process; -1: it has ended */
	struct ended ended;	    /* where the container is removed already */
};

#define WAITING_NONE ((struct waiting){ .container = CONTAINER_NONE, .monitor = -1, .program = -1 })
void waiting_release(struct waiting *waiting);

/*
 * Finds the container @id, so that its end from here on isn't missed, whatever becomes of the id.  A
 * container that is removed is found for ENDED_LIFE_S seconds, where its end was recorded.
 */
int waiting_begin(const char *root, const char *id, struct waiting *ret_waiting, struct error *err);

/*
 * Waits until the program has ended, its log is complete, and, where the container is removed at its
 * end, until it is.  Then finds how the program ended: by the record, or else by the kernel
 * (PIDFD_GET_INFO, Linux 6.15).  Fails where neither has it.  Nothing is polled.
 */
int waiting_end(struct waiting *waiting, struct ended *ret_ended, struct error *err);

#endif
