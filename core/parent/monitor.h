/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_MONITOR_H
#define URUN_PARENT_MONITOR_H

#include <signal.h>
#include <sys/types.h>

#include "core/base/error.h"

/*
 * Blocks the signals that a foreground `run` forwards, so that none is lost between now and
 * monitor_run(). Runs in: parent, before the child is cloned (which gets its own mask).
 */
void monitor_block_signals(sigset_t *ret_signals);

/*
 * Waits for the container's first process, forwarding to it every signal that we get, and serving
 * its terminal where @console is one (the master; -1: none).  Returns its exit status, 128 + N for
 * one killed by signal N, as *ret_status.
 */
int monitor_run(pid_t pid, int pidfd, int console, const sigset_t *signals, int *ret_status,
		struct error *err);

#endif
