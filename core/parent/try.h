/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_TRY_H
#define URUN_PARENT_TRY_H

#include "core/base/error.h"
#include "core/parent/filter.h"
#include "core/parent/plan.h"

/*
 * Makes a container as planned, up to the moment in which its program would run, and ends it there.  Init
 * itself reports the problems, in the words of a run.
 *
 * Nothing is left behind, and nothing of the user's is changed:
 *   root       an overlay in memory covers the root, and takes what init makes there
 *   volumes    no owner is changed, and nothing is mounted at a place that would be made in a volume
 *   hooks      no hook runs; the network has no helper, the cgroup is the caller's, there is no state
 *
 * Sets *ret_tried to false, and tries nothing, where the mount namespace isn't new, where no overlay can be
 * made over the root, or where an overlay of the user's has changes in it.
 * @filter: the config's filter, compiled.
 * Runs in: parent.  The plan is used up.
 */
int try_container(struct plan *plan, const struct filter *filter, bool *ret_tried,
		  struct error *err);

#endif
