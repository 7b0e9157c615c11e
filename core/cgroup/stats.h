/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CGROUP_STATS_H
#define URUN_CGROUP_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/str.h"

/*
 * Appends what the kernel has counted for the cgroup at @path, as a JSON object in the words of
 * runc's `events`: cpu (ns), memory, pids, blkio, hugetlb.  What a controller that isn't enabled
 * would count is left out.
 */
void cgroup_print_stats(const char *path, struct strbuf *out);

/*
 * The size of huge pages as the files of the controller hugetlb have it ("2MB"), from the name of
 * its folder in /sys/kernel/mm/hugepages ("hugepages-2048kB"); NULL where it isn't one.  The caller
 * frees it.
 * Source: the kernel's Documentation/admin-guide/cgroup-v2.rst, "HugeTLB".
 */
char *cgroup_page_size_name(const char *folder);

/* What a table needs of that. */
struct cgroup_usage {
	uint64_t cpu_us;
	bool has_memory;       /* the controller counts it */
	uint64_t memory;       /* bytes */
	uint64_t memory_limit; /* bytes; UINT64_MAX: none */
};

/* Returns false where the cgroup isn't there. */
bool cgroup_read_usage(const char *path, struct cgroup_usage *ret_usage);

/* How many processes the kernel has killed in it for want of memory. */
unsigned long long cgroup_oom_kills(const char *path);

#endif
