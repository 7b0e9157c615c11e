/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_PROCESSES_H
#define URUN_PARENT_PROCESSES_H

#include <stddef.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/parent/state.h"

/*
 * A container's processes, by their pids outside in ascending order: those in its cgroup; where it has none, those in
 * its pid namespace.  Fails where it has neither of its own: then nothing tells them from others.
 * The caller frees *ret_pids.  Runs in: parent.
 */
int processes_list(const struct container_state *state, pid_t **ret_pids, size_t *ret_count,
		   struct error *err);

#endif
