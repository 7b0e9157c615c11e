/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_MONITOR_H
#define URUN_CONTAINER_MONITOR_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/container/ended.h"
#include "core/container/notify.h"
#include "core/monitor/memory_watch.h"

/*
 * Blocks the signals that a foreground `run` forwards, so that none is lost between now and
 * monitor_run(). Runs in: parent, before the child is cloned (which gets its own mask).
 */
void monitor_block_signals(sigset_t *ret_signals);

/* The process that is waited for.  The descriptors stay the caller's. */
struct monitored {
	pid_t pid;
	int pidfd;
	int console; /* the master of its terminal, which is served; -1: none */
	/* The end of one of these two helpers is reported as a warning; -1: no helper. */
	int slirp_pidfd;
	int port_pidfd;
	struct notify notify;
	struct memory_watch memory; /* of the container's cgroup */
	struct ended *ended;	    /* gets the record of the end; NULL: not wanted */
	bool has_pid1; /* the process is a process 1 of urun's own, and passes signals on */
	/* A second Ctrl-C of the user's terminal within a second kills the process. */
	bool second_interrupt_kills;
	uint32_t lifetime_seconds; /* until the process is killed; 0: without end */
};

/*
 * Waits for the process's end, and forwards every signal that we receive to the process.  SIGTSTP
 * stops us too, after the process, so that the shell that called us prompts; SIGCONT continues
 * both.
 * *ret_status is its exit status, or 128 + N where signal N killed it.
 */
int monitor_run(const struct monitored *process, const sigset_t *signals, int *ret_status,
		struct error *err);

#endif
