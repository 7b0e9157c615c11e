/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_AGAIN_H
#define URUN_CONTAINER_AGAIN_H

#include <stdbool.h>

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/container/state.h"

/*
 * A stopped container without a bundle can be started again.  The config as its options made it is
 * the file `origin.json` of its directory, and the new run is made in the same directory, which keeps
 * its log and its lock.
 *
 * Whatever ends us meanwhile, the container isn't lost: it is the stopped one until the new run is
 * handed over, and the new one from then on.
 *
 *   again_begin()     `again` is a second name of `ended`; the mark is `creating`; what belonged to
 *                     the run before is removed
 *   the creation      as that of any container
 *   state_set_created()  the mark is `created` again: the container is the new one
 *   again_done()      `again` is removed
 *
 * A directory that has the mark `creating` and the file `again`, and whose lock nobody holds, was left
 * by a killed urun.  The next command that opens it calls again_revert().
 */

/*
 * The file `restart`, locked (flock(2), shared), keeps a container of --rm while a `restart` stops it: what would
 * remove it at its end (its monitor, or a command that finds the monitor killed) looks for the lock under the lock of
 * the directory.  The kernel drops the lock of a `restart` that is killed.
 *
 * Takes that lock.  The caller holds the lock of the directory, and closes *@ret_fd, which drops this one; before
 * that, it has the lock of the directory again, if it starts the container.
 */
int again_keep(const struct state_dir *dir, int *ret_fd, struct error *err);
bool again_is_kept(const struct state_dir *dir);

/* Writes the config, before it is fitted to the host. */
int again_write_origin(const struct state_dir *dir, const struct strbuf *text, struct error *err);
int again_read_origin(const struct state_dir *dir, struct container_config *ret_config,
		      struct error *err);

/*
 * Ends what is left of the run before: its cgroup, its network; runs its poststop hooks, and puts its
 * record into the store.  The caller holds the lock, and the container is stopped.
 */
int again_finish(struct state_dir *dir, const struct container_state *state, struct error *err);

int again_begin(const struct state_dir *dir, struct error *err);

/*
 * Makes the directory that of the stopped container again, where the new run has failed.  Returns 1;
 * 0 where no new run was begun in it; or -1.
 */
int again_restore(const struct state_dir *dir, struct error *err);

/* The same for what a killed urun has left.  A run that was handed over stays. */
int again_revert(const struct state_dir *dir, struct error *err);

void again_done(const struct state_dir *dir);

#endif
