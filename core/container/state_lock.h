/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_STATE_LOCK_H
#define URUN_CONTAINER_STATE_LOCK_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * The lock of a container's directory (flock(2) on the directory itself), which a command holds
 * while it creates or changes the container.  A command can be stopped (SIGSTOP, Ctrl-Z) while it
 * holds the lock, or hang in a hook: another command must not wait for it without an end.
 */

/* The process that holds a lock. */
struct lock_holder {
	pid_t pid;    /* 0: it can't be told (another pid namespace, no right to look) */
	bool stopped; /* by a signal: it does nothing until it is continued */
	bool is_urun; /* its name (/proc/PID/comm) is ours */
};

/*
 * Locks @fd exclusively, and waits @timeout_ms for another one's lock to go, or one second where
 * its holder is stopped all that time.  Returns 0; -ETIMEDOUT with *@ret_holder; or another
 * negative errno.
 */
int state_lock_take(int fd, int timeout_ms, struct lock_holder *ret_holder);

/*
 * Kills (SIGKILL) the command that holds the lock of @fd, where that is an urun which is stopped; a
 * killed one takes a container along that it has not handed over yet.  Returns true where it was
 * killed.
 */
bool state_lock_kill_stopped(int fd);

#endif
