/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTLESS_SCOPE_H
#define URUN_ROOTLESS_SCOPE_H

#include "core/base/error.h"
#include "core/config/config.h"
#include "rootless/userns.h"

/*
 * Fits the checked config to the planned user namespace, before any process exists.  Edits *config
 * in place (new parts are allocated in the config's arena), and writes a debug line for each
 * change.
 *
 * Changed: a user namespace is added; gid= of devpts without a mapping is dropped; additionalGids
 * are dropped where the caller's groups are kept; proc, sysfs, cgroup and mqueue of namespaces that
 * aren't the container's become recursive binds of the host's; an oomScoreAdj below the caller's
 * own becomes the own, with a warning; labels are dropped where SELinux is off; device rules are skipped.
 *
 * Refused: ids without a mapping; additionalGids where the user namespace denies setgroups(2);
 * devices that the host lacks; sysctls of the host; hard limits above the caller's own; file
 * systems on disks; intelRdt; netDevices; an AppArmor profile where AppArmor is off.  The error
 * names the field by its path.
 *
 * For root of the host two values are left for the parent to set on the container's first process,
 * since nobody inside the user namespace may: a hard rlimit above the own, and an oomScoreAdj below
 * the own.  Where that root lacks CAP_SYS_RESOURCE the first is refused here, and the second by the
 * kernel, as it may allow a value that the caller had before it raised its own.
 *
 * Runs in: parent.
 * Source: OCI runtime-spec 1.3, config.md and config-linux.md; user_namespaces(7).
 */
int scope_config(struct container_config *config, const struct userns_plan *plan,
		 const struct userns_caller *caller, struct error *err);

/* The same for config->process alone: `exec` runs it in a container that exists. */
int scope_process(struct container_config *config, const struct userns_plan *plan,
		  const struct userns_caller *caller, struct error *err);

#endif
