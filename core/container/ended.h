/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_ENDED_H
#define URUN_CONTAINER_ENDED_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/arena.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/str.h"
#include "core/container/state.h"

/*
 * The record of how a container's program ended.
 *
 * The process that waits for the program writes the record as the file `ended` of the container's
 * directory: urun-monitor beside a detached container, or the foreground `run --keep`.  A stopped
 * container has no record where nobody waited for its program (`create`, `run --detach` of a
 * bundle), or where that process was killed.
 *
 * When the container is removed or started again, the record goes to the store: the directory
 * ".ended" below the state root, with a file for each run of a container.  There `wait` finds the
 * record for ENDED_LIFE_S seconds.  A run is named by the container's id and the time at which the
 * run began, so that an id that is used again never has the status of another run.
 */
struct ended {
	struct arena arena;	    /* owns what the members point to */
	struct opt_u64 exit_status; /* 128 + signal where a signal ended it; not set: unknown */
	struct opt_u64 signal;	    /* which ended the program; not set: none */
	struct opt_bool oom_killed; /* a process of its cgroup was killed for lack of memory */
	char *finished;		    /* RFC 3339, with nanoseconds */
	char *id, *began;	    /* the run; only in the store */
	/*
	 * The other container with whose pid namespace the program ended (share_read_ended()); NULL:
	 * none.  Not in the file.
	 */
	char *ended_with;
};

void ended_release(struct ended *ended);

#define ENDED_SIZE_MAX 4096
#define ENDED_LIFE_S   300

/*
 * Makes the record of a program that has ended now with @wait_status (waitpid(2)).
 * @ret_ended->finished lies in @ret_ended->arena.
 */
void ended_make(int wait_status, bool oom_killed, struct ended *ret_ended);

/*
 * Reads a record from the bytes of its file.  A record that has an exit status above 255, a signal
 * that isn't one, or no time is refused.
 */
int ended_parse(const char *bytes, size_t size, struct ended *ret_ended, struct error *err);
void ended_print(const struct ended *ended, struct strbuf *out);

/* Writes the file `ended` as a whole. */
int ended_write(const struct state_dir *dir, const struct ended *ended, struct error *err);

/* Reads the file `ended`.  Returns 1; 0 where there is none; or -1. */
int ended_read(const struct state_dir *dir, struct ended *ret_ended, struct error *err);

/*
 * The same for a container that has ended, by its process: while urun-monitor lives, which writes the rest of the
 * log before the record, waits up to a second for it.  So who sees a stopped container sees its status too.
 */
int ended_read_last(const struct state_dir *dir, const struct container_state *state,
		    struct ended *ret_ended, struct error *err);

/*
 * Puts the record of the container's run into the store, before the container is removed or started
 * again.  A run without a record gets one without a status where the store has a record of another
 * run of the same id: that run isn't to be taken for this one.
 * Runs in: parent, which holds the lock of the directory.
 */
int ended_keep(const struct state_dir *dir, const struct container_state *state, struct error *err);

/*
 * Looks for a record in the store: of the run that began at @began, or of the newest run of @id
 * where @began is NULL.  Returns 1; 0 where there is none; or -1.
 */
int ended_find(int root_fd, const char *id, const char *began, struct ended *ret_ended,
	       struct error *err);

/* Removes old records from the store, and the store itself once it is empty. */
void ended_sweep(int root_fd);

#endif
