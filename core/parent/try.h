/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_TRY_H
#define URUN_PARENT_TRY_H

#include "core/base/error.h"
#include "core/parent/filter.h"
#include "core/parent/plan.h"

/*
 * Makes a container as planned, up to the moment in which its program would run, and ends it there: what
 * stands in the way is told by init itself, in the words of a run.
 *
 * Nothing is left, and nothing of the user's is touched:
 *   root       an overlay in memory covers the root, so that all that init makes there is gone with it
 *   volumes    no owner is changed, and nothing is mounted where a place would be made in one
 *   hooks      none is run; the network has no helper, the cgroup is the caller's, and there is no state
 *
 * Nothing is tried where that can't be had: a mount namespace that isn't new, a root over which no
 * overlay can be made, an overlay of the user's with changes in it: *ret_tried is false then.
 * @filter: the config's, compiled.
 * Runs in: parent.  The plan is used up.
 */
int try_container(struct plan *plan, const struct filter *filter, bool *ret_tried,
		  struct error *err);

#endif
