/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_REPLACE_H
#define URUN_CONTAINER_REPLACE_H

#include <stdbool.h>

#include "core/base/error.h"
#include "core/container/state.h"

/*
 * An urun-monitor that was killed, by a person or for lack of memory, is replaced by the next
 * command that opens the container.  The head of replace.c has the theory.
 */

enum replace_wait {
	REPLACE_AT_ONCE, /* another command holds the lock: that one, or the next, will do it */
	REPLACE_PATIENT, /* waits for that command as all commands that change a container do */
};

/*
 * Does nothing, in a few system calls, unless the container runs detached, its program lives and
 * its urun-monitor doesn't.  Then starts another one, and reads the state anew.  Returns 1 where
 * there is a monitor that wasn't there before, whoever has started it; 0 where nothing was to be
 * done, or nothing can be, as with a container of an urun that left no record for this; or -1: the
 * container is as it was.  Runs in: parent.  @lock: what the caller holds of the directory.
 */
int monitor_replace(struct container *container, enum state_lock lock, enum replace_wait wait,
		    struct error *err);

/*
 * Was the urun-monitor killed that was to remove the container (--rm)?  When the program has ended
 * too, nobody removes the container but the command that finds it so.
 */
bool monitor_left_removal(const struct container_state *state);

#endif
