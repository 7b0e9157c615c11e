/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_AFFINITY_H
#define URUN_PARENT_AFFINITY_H

#include <sys/types.h>

#include "core/base/error.h"
#include "core/config/config.h"

enum affinity_moment {
	AFFINITY_INITIAL, /* before the process is in the container's cgroup */
	AFFINITY_FINAL,	  /* after it */
};

/*
 * Binds @pid to the processors that @affinity (may be NULL) names for that moment.  Without such a
 * list nothing changes.
 * Runs in: parent, while @pid waits.
 * Source: OCI runtime-spec 1.3, config.md "execCPUAffinity"; sched_setaffinity(2).
 */
int affinity_set(pid_t pid, const struct config_cpu_affinity *affinity, enum affinity_moment moment,
		 struct error *err);

#endif
