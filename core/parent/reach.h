/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_REACH_H
#define URUN_PARENT_REACH_H

#include "core/config/config.h"
#include "rootless/userns.h"

/*
 * Warns if the container can reach more of the host than its config says, because of the caller's
 * ids (SECURITY.md explains both):
 *   - the host's root runs a container over the host's own root file system, and is mapped: the
 *     container can read what only root may read;
 *   - the caller's supplementary groups can't be dropped: the container can open their files.
 * Runs in: parent.
 */
void reach_warn(const struct container_config *config, const struct userns_caller *caller,
		const struct userns_plan *userns);

#endif
