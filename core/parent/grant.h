/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_GRANT_H
#define URUN_PARENT_GRANT_H

#include <sys/types.h>

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/parent/plan.h"
#include "rootless/userns.h"

/*
 * Sets what needs CAP_SYS_RESOURCE on the host, which init doesn't have in its user namespace: hard
 * limits above our own, and an oom score below ours.  Without that capability rootless/scope.h has
 * refused or changed such values; an oom score above ours is set here all the same where the file of
 * the process is ours, as it may not be init's (core/init/limits.c).
 * Runs in: parent, while @pid waits.
 * Source: prlimit(2), proc(5).
 */
int grant_limits(pid_t pid, const struct config_process *process,
		 const struct userns_caller *caller, struct error *err);

/*
 * A container that manages cgroups itself, as systemd does, owns its cgroup.  Where the container's root
 * is another id than the caller's, only a process that may change owners can give the cgroup away; else
 * the program in the container reports what it can't do.
 * Runs in: parent.  Source: OCI runtime-spec 1.3, config-linux.md "Cgroup ownership".
 */
void grant_cgroup(const struct plan *plan);

#endif
