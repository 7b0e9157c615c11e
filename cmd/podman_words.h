/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CMD_PODMAN_WORDS_H
#define URUN_CMD_PODMAN_WORDS_H

#include "cmd/options.h"

/*
 * The words that people know from podman and docker, and that urun doesn't have: each with the
 * reason, or with what to use in its place.  A word that urun has stands in the commands' own tables.
 * Runs in: parent.
 * Source: podman-run(1), podman-exec(1) … of podman 6; docker-run(1).
 */

/* Options, for command_usage.others. */
extern const struct option_other podman_run_words[];
extern const struct option_other podman_exec_words[];
extern const struct option_other podman_update_words[];
extern const struct option_other podman_start_words[];
extern const struct option_other podman_restart_words[];
extern const struct option_other podman_wait_words[];
extern const struct option_other podman_inspect_words[];
extern const struct option_other podman_pull_words[];
extern const struct option_other podman_images_words[];
extern const struct option_other podman_rmi_words[];
/* The words of all commands without a table of their own: --latest, --filter … */
extern const struct option_other podman_id_words[];

/* What to do in place of podman's or docker's command @name; NULL: they have no such command. */
const char *podman_command_advice(const char *name);

#endif
