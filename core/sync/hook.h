/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SYNC_HOOK_H
#define URUN_SYNC_HOOK_H

#include "core/base/error.h"
#include "core/config/config.h"

/*
 * Runs one hook, with the state as JSON on its stdin.  Its environment is exactly that of the
 * config, or @usual_env where the config gives none.  Fails where the hook can't be executed, exits
 * with another status than 0, or runs longer than its time-out (then its whole process group is
 * killed). The error names the hook: hooks.createRuntime[1] /path….
 * Runs in: parent (prestart, createRuntime, poststart, poststop), init before pivot_root
 * (createContainer), init after pivot_root (startContainer).  The hook runs in the caller's
 * namespaces.
 * Source: OCI runtime-spec 1.3, config.md "POSIX-platform Hooks", runtime.md "Lifecycle".
 */
int hook_run(const struct config_hooks *hooks, enum config_hook_kind kind, size_t index,
	     const char *state_json, const struct str_list *usual_env, struct error *err);

/* Runs all hooks of @kind in their order, up to the first that fails.  @hooks may be NULL. */
int hooks_run(const struct config_hooks *hooks, enum config_hook_kind kind, const char *state_json,
	      const struct str_list *usual_env, struct error *err);

#endif
