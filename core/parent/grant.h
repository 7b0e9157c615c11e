/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_GRANT_H
#define URUN_PARENT_GRANT_H

#include <sys/types.h>

#include "core/base/error.h"
#include "core/config/config.h"
#include "rootless/userns.h"

/*
 * Sets what needs CAP_SYS_RESOURCE on the host, which init doesn't have in its user namespace: hard
 * limits above our own, and an oom score below ours.  Without that capability this does nothing,
 * since rootless/scope.h has refused or changed such values.
 * Runs in: parent, while @pid waits.
 * Source: prlimit(2), proc(5).
 */
int grant_limits(pid_t pid, const struct config_process *process,
		 const struct userns_caller *caller, struct error *err);

#endif
