/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_CGROUP_END_H
#define URUN_CONTAINER_CGROUP_END_H

#include "core/base/error.h"
#include "core/container/state.h"

/*
 * Kills what is left in the container's cgroup and removes it, as cgroup_destroy() does.  The
 * container's root can have given cgroups of its tree to another of the container's ids, so that
 * the caller has no right to them: then it is done by a process in a user namespace that has the
 * container's ids.
 * Runs in: parent.
 */
int container_end_cgroup(const struct state_dir *dir, const struct container_state *state,
			 struct error *err);

#endif
