/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_HOOKS_H
#define URUN_CONTAINER_HOOKS_H

#include "core/base/error.h"
#include "core/container/state.h"

/*
 * Runs all hooks of one kind in their order, with the state of @status on stdin, up to the first that fails.
 * createContainer and startContainer hooks are init's to run.
 * Source: OCI runtime-spec 1.3, config.md "POSIX-platform Hooks".
 */
int hooks_run_with_state(enum config_hook_kind kind, const struct container_state *state,
			 enum container_status status, struct error *err);

/* The poststop hooks: a failure is a warning, and the rest still runs (the spec's rule). */
void hooks_run_poststop(const struct container_state *state);

/*
 * Our environment, which hooks have that are given none; without what engines say to each other by
 * it.  The list's memory is the caller's to free, the texts are the environment's.
 */
struct str_list hooks_usual_env(void);

#endif
