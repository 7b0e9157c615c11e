/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CGROUP_LIMITS_H
#define URUN_CGROUP_LIMITS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/arena.h"
#include "core/base/error.h"
#include "core/config/config.h"

/*
 * linux.resources in the words of cgroup version 2: which file gets which text.
 * Source: OCI runtime-spec 1.3, config-linux.md "Control groups"; the kernel's
 * Documentation/admin-guide/cgroup-v2.rst.
 */
struct cgroup_setting {
	const char *field; /* of the config, for errors: "memory.limit" */
	char *file;	   /* "memory.max" */
	char *value;
	/* Where the first file isn't there: another scheduler's.  NULL: none. */
	char *other_file;
	char *other_value;
};

struct cgroup_settings {
	struct arena arena; /* owns the texts */
	struct cgroup_setting *items;
	size_t count;
	bool check_usage; /* memory.checkBeforeUpdate */
};

/*
 * Fails for a value that version 2 can't express, and for what only version 1 has and would limit
 * something (cpu.realtimeRuntime, blockIO.leafWeight, network).  What never limits (kernel memory
 * accounting, swappiness, disableOOMKiller) is a debug line.  -1, what isn't given
 * and the default weight ask for nothing, so that no controller is needed for them; in an update
 * -1 lifts a limit, and a weight is written whatever it is.
 */
enum cgroup_purpose { CGROUP_FOR_CREATE, CGROUP_FOR_UPDATE };
int cgroup_settings_make(const struct config_resources *resources, enum cgroup_purpose purpose,
			 struct cgroup_settings *ret_settings, struct error *err);
void cgroup_settings_release(struct cgroup_settings *settings);
#define autosettings __attribute__((cleanup(cgroup_settings_release)))

/*
 * The controller that a file belongs to: "memory" of "memory.max".  The caller frees it; NULL for
 * cgroup.*, which every cgroup has.
 */
char *cgroup_controller_of(const char *file);

/* cpu.shares (2 … 262144) as cpu.weight (1 … 10000), such that 1024 is 100. */
unsigned int cgroup_weight_of_shares(uint64_t shares);

#endif
