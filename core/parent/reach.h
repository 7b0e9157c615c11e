/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_REACH_H
#define URUN_PARENT_REACH_H

#include "core/config/config.h"
#include "rootless/userns.h"

/*
 * Warns of what the container can reach because of who the caller is, not because of what the config asks
 * for: SECURITY.md tells of both.
 *   a root file system that is the host's, with the host's root mapped: all that only root may read
 *   supplementary groups of the caller's that can't be dropped: what these groups may open
 * Runs in: parent.
 */
void reach_warn(const struct container_config *config, const struct userns_caller *caller,
		const struct userns_plan *userns);

#endif
