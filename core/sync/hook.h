/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SYNC_HOOK_H
#define URUN_SYNC_HOOK_H

#include "core/base/error.h"
#include "core/config/config.h"

/*
 * Runs the hooks one after the other: the state as JSON on stdin, the environment exactly the
 * hook's, or @usual_env where it has none.  Stops at the first that can't be executed, exits with another status than 0 or runs out
 * of its time-out (then its whole process group is killed); the error names it: hooks.@kind[1]
 * /path….
 * @kind is the name in config.json, "createRuntime".
 * Runs in: parent (prestart, createRuntime, poststart, poststop), init before pivot_root
 * (createContainer), init after pivot_root (startContainer): in whose namespaces a hook runs is
 * decided by who calls.
 * Source: OCI runtime-spec 1.3, config.md "POSIX-platform Hooks", runtime.md "Lifecycle".
 */
int hooks_run(const config_hook_list *hooks, const char *kind, const char *state_json,
	      const str_list *usual_env, struct error *err);

#endif
