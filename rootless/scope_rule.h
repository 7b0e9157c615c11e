/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTLESS_SCOPE_RULE_H
#define URUN_ROOTLESS_SCOPE_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "rootless/scope.h"
#include "rootless/subid.h"

/*
 * What every rule of scope_config() looks at.  This header is private to the four files scope*.c;
 * the head of scope.c tells about the rules.
 */
struct scope {
	struct container_config *config;
	const struct userns_plan *plan;
	const struct userns_caller *caller;
	bool for_exec; /* The process of `exec`: what was fitted for its container was told then. */
};

/* A rule edits the config and returns 0, or returns -1 with the error. */
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
 * Does the container's user namespace own the container's namespace of @type?  Only an owner may
 * mount the file system that shows the namespace, and set the sysctls of the namespace.
 *   root of the host         owned, whatever the namespace
 *   a new namespace          owned
 *   a joined one             owned where the user namespace is inherited or joined too
 *   none in the config       owned where urun's own belongs to the user namespace that is inherited
 */
bool scope_owns_namespace(const struct scope *scope, enum config_namespace_type type);

/*
 * Does the container share the caller's own namespace of @type: is none in the config, or one whose
 * path leads there?
 */
bool scope_shares_namespace(const struct scope *scope, enum config_namespace_type type);

/*
 * Fails because the uid or gid @id has no mapping.  @field is the path of the config's field.  The
 * error has the map, and the fix where there is one.
 */
int scope_unmapped(const struct scope *scope, enum subid_kind kind, uint32_t id, const char *field,
		   struct error *err);

#endif
