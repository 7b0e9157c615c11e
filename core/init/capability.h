/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_INIT_CAPABILITY_H
#define URUN_INIT_CAPABILITY_H

#include "core/base/error.h"
#include "core/config/config.h"

/*
 * The part of process.capabilities that can be granted here; NULL: none.  Capabilities that this process
 * lacks, or whose combination the kernel would refuse, are left out with a warning, as the spec demands.
 * Runs in: init, while it still has all the capabilities that it can give.
 * Source: OCI runtime-spec 1.3, config.md "Linux Process" capabilities; capabilities(7).
 */
void capability_resolve(const struct config_capabilities *config,
			struct config_capabilities *ret_sets);

/*
 * Drops all capabilities but @sets->bounding from the bounding set.
 * ORDER: before the user changes and before capability_apply(), since it needs CAP_SETPCAP.
 */
int capability_drop_bounding(const struct config_capabilities *sets, struct error *err);

/*
 * Sets effective, permitted, inheritable and ambient.
 * ORDER: after process_become_user().  What is dropped here can't be regained.
 */
int capability_apply(const struct config_capabilities *sets, struct error *err);

#endif
