/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_STATE_LOCK_H
#define URUN_CONTAINER_STATE_LOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The lock of a container's directory (flock(2) on the directory itself), which a command holds
 * while it creates or changes the container.  A command can be stopped (SIGSTOP, Ctrl-Z) while it
 * holds the lock, or hang in a hook: another command must not wait for ever.
 */

/* The process that holds a lock. */
struct lock_holder {
	pid_t pid;    /* 0: unknown (another pid namespace, no right to look) */
	bool stopped; /* by a signal, until another signal continues it */
	bool is_urun; /* by its name (/proc/PID/comm) */
};

/*
 * Locks @fd exclusively.  Waits @timeout_ms for another process's lock, or one second where the
 * holder is stopped all that time.  Returns 0; -ETIMEDOUT with *@ret_holder; or another negative
 * errno.
 */
int state_lock_take(int fd, int timeout_ms, struct lock_holder *ret_holder);

/* Sleeps between two tries of what another command has: *pause_ms, at first STATE_TRY_MS; the next pause is longer. */
#define STATE_TRY_MS 1
void state_lock_rest(int64_t *pause_ms);

/*
 * Kills (SIGKILL) the command that holds the lock of @fd, if that is a stopped urun.  A container
 * that the command has not handed over yet ends with it.  Returns true where the command was
 * killed.
 */
bool state_lock_kill_stopped(int fd);

#endif
