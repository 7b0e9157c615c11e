/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTLESS_SCOPE_RULE_H
#define URUN_ROOTLESS_SCOPE_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "rootless/scope.h"
#include "rootless/subid.h"

/*
 * What every rule of scope_config() looks at; the rules are in three files, and this is known to
 * those alone.
 */
struct scope {
	struct container_config *config;
	const struct userns_plan *plan;
	const struct userns_caller *caller;
};

/* Each rule: 0 with the config edited, or -1 with the error. */
typedef int scope_rule(const struct scope *scope, struct error *err);

/* scope_mount.c */
scope_rule scope_mount_types;
scope_rule scope_mount_ids;
scope_rule scope_mount_kernel_views;
scope_rule scope_devices;

/* scope_limit.c */
scope_rule scope_resources;
scope_rule scope_rlimits;
scope_rule scope_oom_score;

/* scope_sysctl.c */
scope_rule scope_sysctl;

/*
 * Does the user namespace of the container own its namespace of @type?  Only then the kernel lets
 * it mount that one's file system and set its sysctls: a new one it owns; a joined one where the
 * user namespace is an inherited or joined one too; none in the config: where urun's own belongs to
 * the user namespace that it inherits.
 */
bool scope_owns_namespace(const struct scope *scope, enum config_namespace_type type);

/*
 * Fails because the uid or gid @id of the field @field (already formatted) has no mapping: tells
 * the map and the mend.
 */
int scope_unmapped(const struct scope *scope, enum subid_kind kind, uint32_t id, const char *field,
		   struct error *err);

#endif
