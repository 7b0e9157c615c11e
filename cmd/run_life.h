/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CMD_RUN_LIFE_H
#define URUN_CMD_RUN_LIFE_H

#include "cmd/create_options.h"

/*
 * The options of `run` that say how long a container stays, where its id is written, and which
 * streams it has: --rm, --replace, --cidfile, --attach.  Source: podman-run(1).
 */

/*
 * Refuses what excludes each other.  With --attach, the container has a terminal only where one is
 * asked for.
 */
int run_life_settle(struct create_options *options, struct error *err);

/* The streams that aren't attached, as STREAM_BIT()s.  run_life_settle() has checked the words. */
unsigned int run_life_unattached(const struct create_options *options);

/*
 * Writes the id to the new file of --cidfile.  A file that exists is another container's, and an
 * error.  Does nothing without the option.
 */
int run_life_write_id(const struct create_options *options, const char *id, struct error *err);

/* Removes the file of --cidfile, after the creation of its container has failed. */
void run_life_remove_id(const struct create_options *options);

#endif
