/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTLESS_SCOPE_H
#define URUN_ROOTLESS_SCOPE_H

#include "core/base/error.h"
#include "core/config/config.h"
#include "rootless/userns.h"

/*
 * Turns the checked config into what can be done inside the planned user namespace, before any
 * process exists: it edits *config in place (new parts are the memory of its arena) and writes a
 * debug line for each thing that it changes.
 *
 * Changed: a user namespace is added; devpts gid= without mapping is dropped, and so are
 * additionalGids where the caller's groups are kept; proc, sysfs, cgroup and mqueue of namespaces that aren't
 * the container's become recursive binds of the host's; oomScoreAdj below the own becomes the own;
 * labels of a SELinux that is off are dropped; device rules are skipped.
 *
 * Refused: ids without mapping, additionalGids where the user namespace denies setgroups(2), devices
 * that the host lacks, sysctl of the host, hard limits above the own, disk file systems, intelRdt, netDevices, an AppArmor profile
 * where AppArmor is off.  The error names the field by its path.
 *
 * For root of the host two things are left for the parent to set on the container's first process,
 * as inside the user namespace nobody may: a hard rlimit above the own, and an oomScoreAdj below
 * it.
 *
 * Runs in: parent.
 * Source: OCI runtime-spec 1.3, config.md and config-linux.md; user_namespaces(7).
 */
int scope_config(struct container_config *config, const struct userns_plan *plan,
		 const struct userns_caller *caller, struct error *err);

/* The same for config->process alone, which `exec` runs in a container that is there. */
int scope_process(struct container_config *config, const struct userns_plan *plan,
		  const struct userns_caller *caller, struct error *err);

/*
 * For a container by options, before scope_config(): its additionalGids are those that the root file
 * system's /etc/group names for the user.  Nobody asked for them, so where the user namespace denies
 * setgroups(2) they are dropped with a warning.
 */
void scope_drop_groups(struct container_config *config, const struct userns_plan *plan);

#endif
