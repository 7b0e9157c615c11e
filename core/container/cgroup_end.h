/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_CGROUP_END_H
#define URUN_CONTAINER_CGROUP_END_H

#include "core/base/error.h"
#include "core/container/state.h"

/*
 * Kills the processes that are left in the container's cgroup and removes the cgroup, as
 * cgroup_destroy() does.  The container's root can have given cgroups of its tree to other ids of
 * the container, over which the caller has no rights: then a process in a user namespace with the
 * container's ids removes them.
 * Runs in: parent.
 */
int container_end_cgroup(const struct state_dir *dir, const struct container_state *state,
			 struct error *err);

#endif
