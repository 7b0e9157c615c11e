/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CGROUP_STATS_H
#define URUN_CGROUP_STATS_H

#include "core/base/str.h"

/*
 * Appends what the kernel has counted for the cgroup at @path, as a JSON object in the words of
 * runc's `events`: cpu (ns), memory, pids, blkio.  What a controller that isn't enabled would
 * count is left out.
 */
void cgroup_print_stats(const char *path, struct strbuf *out);

/* How many processes the kernel has killed in it for want of memory. */
unsigned long long cgroup_oom_kills(const char *path);

#endif
