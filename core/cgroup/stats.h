/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CGROUP_STATS_H
#define URUN_CGROUP_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/str.h"

/*
 * Appends the kernel's counters of the cgroup at @path, as a JSON object with the names of runc's
 * `events`: cpu (ns), memory, pids, blkio, hugetlb.  The counters of a controller that isn't
 * enabled are left out.
 */
void cgroup_print_stats(const char *path, struct strbuf *out);

/*
 * The size of huge pages as it stands in the names of the hugetlb controller's files ("2MB"), from
 * the name of the size's directory in /sys/kernel/mm/hugepages ("hugepages-2048kB").  NULL where
 * @directory isn't such a name.  The caller frees it.
 * Source: the kernel's Documentation/admin-guide/cgroup-v2.rst, "HugeTLB".
 */
char *cgroup_page_size_name(const char *directory);

/* The counters that `urun stats` shows. */
struct cgroup_usage {
	uint64_t cpu_us;
	bool has_memory;       /* the controller counts it */
	uint64_t memory;       /* bytes */
	uint64_t memory_limit; /* bytes; UINT64_MAX: none */
};

/* Returns false where the cgroup doesn't exist. */
bool cgroup_read_usage(const char *path, struct cgroup_usage *ret_usage);

/* How many processes of the cgroup the kernel has killed because memory was used up. */
unsigned long long cgroup_oom_kills(const char *path);

/*
 * Opens the file in which these are counted (memory.events), and that of the cgroup above.  The caller closes
 * the descriptors; -1: the kernel doesn't count there.
 */
void cgroup_open_memory_events(const char *path, int *ret_own, int *ret_above);

#endif
