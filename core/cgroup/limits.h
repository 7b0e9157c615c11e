/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CGROUP_LIMITS_H
#define URUN_CGROUP_LIMITS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/arena.h"
#include "core/base/error.h"
#include "core/config/config.h"

/*
 * linux.resources translated for cgroup version 2: a list of files and the text to write to each.
 * Source: OCI runtime-spec 1.3, config-linux.md "Control groups"; the kernel's
 * Documentation/admin-guide/cgroup-v2.rst.
 */
struct cgroup_setting {
	const char *field; /* the config's field, for errors: "memory.limit" */
	char *file;	   /* "memory.max" */
	char *value;
	/* To be used where @file doesn't exist: the file of another scheduler.  NULL: none. */
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
 * Fails for a value that version 2 can't express, and for a field that only version 1 has and that
 * asks for something: memory.kernel, kernelTCP, swappiness, disableOOMKiller; cpu.realtimeRuntime,
 * realtimePeriod; blockIO.leafWeight; network.  Device rules are core/cgroup/device_rules.h's.
 *
 * CREATE: -1, a field that isn't given and the default weight need no setting, and so no
 * controller. UPDATE: -1 lifts a limit, and each weight is written.
 */
enum cgroup_purpose { CGROUP_FOR_CREATE, CGROUP_FOR_UPDATE };
int cgroup_settings_make(const struct config_resources *resources, enum cgroup_purpose purpose,
			 struct cgroup_settings *ret_settings, struct error *err);
void cgroup_settings_release(struct cgroup_settings *settings);
#define autosettings __attribute__((cleanup(cgroup_settings_release)))

/*
 * The controller to which a file belongs: "memory" for "memory.max".  NULL for cgroup.*, which
 * every cgroup has.  The caller frees it.
 */
char *cgroup_controller_of(const char *file);

/* Translates cpu.shares (2 … 262144) into cpu.weight (1 … 10000), so that 1024 becomes 100. */
unsigned int cgroup_weight_of_shares(uint64_t shares);

#endif
