/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_GRANT_H
#define URUN_PARENT_GRANT_H

#include <sys/types.h>

#include "core/base/error.h"
#include "core/config/config.h"
#include "rootless/userns.h"

/*
 * What root of the host may give and nobody inside a user namespace can take: hard limits above our
 * own, and an oom score below ours. For everybody else there is nothing to do: rootless/scope has
 * refused or changed what they can't have. Runs in: parent, while @pid waits.  Source: prlimit(2),
 * proc(5).
 */
int grant_limits(pid_t pid, const struct config_process *process,
		 const struct userns_caller *caller, struct error *err);

#endif
