/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_INIT_CAPABILITY_H
#define URUN_INIT_CAPABILITY_H

#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/config/config.h"

/* Bit N is capability N. */
struct capability_sets {
	uint64_t bounding;
	uint64_t effective;
	uint64_t inheritable;
	uint64_t permitted;
	uint64_t ambient;
};

/*
 * The part of process.capabilities that can be granted here; NULL: none.  Names that libcap doesn't know,
 * and capabilities that this process lacks or whose combination the kernel would refuse, are left out
 * with a warning, as the spec demands.
 * Runs in: init, while it still has all the capabilities that it can give.
 * Source: OCI runtime-spec 1.3, config.md "Linux Process" capabilities; capabilities(7).
 */
void capability_resolve(const struct config_capabilities *config, struct capability_sets *ret_sets);

/*
 * The names of all capabilities that libcap knows ("CAP_CHOWN" …), in @arena: process.capabilities can
 * have these.
 * Runs in: any.
 */
void capability_names(struct arena *arena, str_list *ret_names);

/*
 * Drops all capabilities but @sets->bounding from the bounding set.
 * ORDER: before the user changes and before capability_apply(), since it needs CAP_SETPCAP.
 */
int capability_drop_bounding(const struct capability_sets *sets, struct error *err);

/*
 * Sets effective, permitted, inheritable and ambient.
 * ORDER: after process_become_user().  What is dropped here can't be regained.
 */
int capability_apply(const struct capability_sets *sets, struct error *err);

#endif
