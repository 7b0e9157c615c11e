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
 * What of process.capabilities can be given here; NULL: nothing.  Names that libcap doesn't know,
 * and what this process can't grant or the kernel would refuse in its combination, is a warning and
 * left out, as the spec demands.
 * Runs in: init, while it still has all the capabilities that it can give.
 * Source: OCI runtime-spec 1.3, config.md "Linux Process" capabilities; capabilities(7).
 */
void capability_resolve(const struct config_capabilities *config, struct capability_sets *ret_sets);

/*
 * The capabilities that process.capabilities can have ("CAP_CHOWN" …), in @arena: those that libcap
 * knows.
 * Runs in: any.
 */
void capability_names(struct arena *arena, str_list *ret_names);

/*
 * Drops from the bounding set all but @sets->bounding.
 * ORDER: before the user changes and before capability_apply(), since it needs CAP_SETPCAP.
 */
int capability_drop_bounding(const struct capability_sets *sets, struct error *err);

/*
 * Sets effective, permitted, inheritable and ambient.
 * ORDER: after process_become_user().  Nothing comes back after it.
 */
int capability_apply(const struct capability_sets *sets, struct error *err);

#endif
