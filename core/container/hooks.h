/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_HOOKS_H
#define URUN_CONTAINER_HOOKS_H

#include "core/base/error.h"
#include "core/container/state.h"

/*
 * Runs all hooks of one kind in their order, with the state of @status on stdin, up to the first
 * that fails.  Init runs the createContainer and startContainer hooks.
 * Source: OCI runtime-spec 1.3, config.md "POSIX-platform Hooks".
 */
int hooks_run_with_state(enum config_hook_kind kind, const struct container_state *state,
			 enum container_status status, struct error *err);

/*
 * Runs the poststop hooks: a failure is a warning, and the other hooks still run (the spec's rule).
 */
void hooks_run_poststop(const struct container_state *state);

/*
 * Our environment without the variables by which engines talk to each other: hooks without an
 * environment of their own get it.  The caller releases the list; the texts are the environment's.
 */
struct str_list hooks_usual_env(void);

#endif
