/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SPEC_SPEC_OWNER_H
#define URUN_SPEC_SPEC_OWNER_H

#include "core/config/config.h"
#include "core/spec/spec_options.h"

/*
 * A root file system whose directory belongs to the caller's first subid was made with id 0 there: by
 * `mmdebstrap --mode=unshare`, for example.  Its root's files would be an ordinary user's with the default
 * mapping, in which the caller is 0.  So the subids are mapped from 0 on, and the caller's own id comes after them.
 * A root of another subid is taken as it is, with a warning that has the options which fit it.
 * Changes the mappings of @config, which must be the default ones, as little as that.
 * Runs in: parent, after the root is known.
 * Source: mmdebstrap(1), "MODES".
 */
void spec_map_owner_of_root(const struct spec_caller *caller, struct container_config *config);

#endif
