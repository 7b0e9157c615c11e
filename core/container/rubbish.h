/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_RUBBISH_H
#define URUN_CONTAINER_RUBBISH_H

#include <stdbool.h>

#include "core/base/error.h"
#include "core/container/state.h"

/*
 * What a killed urun has left: a creation that was cut short, or a container that nobody will remove, since
 * the foreground `run` or the urun-monitor that was to do it was killed.  The command that sees it next
 * removes it.
 *
 * A live `run` is never mistaken for a killed one: it holds the lock of the directory until it holds the
 * mark (state_hold()), and that until the container is removed; and the process that the state names as the
 * one that waits for the program (monitorPid) has to be gone.
 * Runs in: parent.
 */

/* Is it worth to take the lock and to call rubbish_remove()?  Takes no lock itself. */
bool rubbish_may_be(const struct state_dir *dir, const struct container_state *state);

/*
 * Removes the container as `delete --force` would, with poststop hooks, where it is rubbish.  A program
 * that the death of its `run` didn't end (one that has changed its user loses the death signal) is killed.
 * The caller holds the lock.  Returns 1 where the directory was rubbish and is removed, 0 where it isn't
 * rubbish, or -1.
 */
int rubbish_remove(struct state_dir *dir, struct error *err);

#endif
