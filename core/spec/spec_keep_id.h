/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SPEC_SPEC_KEEP_ID_H
#define URUN_SPEC_SPEC_KEEP_ID_H

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/spec/spec_options.h"

/*
 * --userns keep-id[:uid=UID,gid=GID,size=N]: the caller is no root in the container but the user of
 * the same number, or of the one that is given.  The subids become the ids around it, from 0 on and in
 * the order of their ranges; where they don't reach to the caller's number, the ids between aren't
 * there.  @size is how many ids the container has in all, the caller's among them.
 * A caller whose ids are mapped to themselves (root) keeps that map.
 *
 * Changes the mappings of @config, which are the default's, and makes the caller its user.
 * Runs in: parent.  Source: podman-run(1), --userns.
 */
int spec_keep_id(const char *text, const struct spec_caller *caller,
		 struct container_config *config, struct error *err);

#endif
