/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SPEC_SPEC_KEEP_ID_H
#define URUN_SPEC_SPEC_KEEP_ID_H

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/spec/spec_options.h"

/*
 * --userns keep-id[:uid=UID,gid=GID,size=N]: in the container the caller isn't root, but keeps its
 * own number, or gets the number UID.  The subids become the ids around that number, from 0 on, in
 * the order of their ranges.  If there are too few subids to reach the caller's number, the ids
 * between have no mapping.  N is the number of ids that the container has in all, with the
 * caller's.  If the ids are mapped to themselves (urun runs as root), the map stays as it is.
 *
 * Changes the mappings of @config, which must be the default ones, and makes the caller its user.
 * Runs in: parent.
 * Source: podman-run(1), --userns.
 */
int spec_keep_id(const char *text, const struct spec_caller *caller,
		 struct container_config *config, struct error *err);

#endif
