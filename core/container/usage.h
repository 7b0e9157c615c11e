/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_USAGE_H
#define URUN_CONTAINER_USAGE_H

#include <stdint.h>

#include "core/container/state.h"

/*
 * The present use of a container.  Without a cgroup it is the sum over its living processes: the
 * CPU time of ended processes is missing, and memory that several share counts for each.
 */
struct usage {
	uint64_t cpu_us;
	uint64_t memory;       /* bytes */
	uint64_t memory_limit; /* bytes; UINT64_MAX: none */
	uint64_t processes;
};

/*
 * Fails where the container's processes can't be told from others.  @table serves all calls of one
 * look at many containers (core/container/processes.h); NULL: the container is the only one.
 * Runs in: parent.  Source: proc(5), /proc/PID/stat; the kernel's cgroup-v2.rst.
 */
struct process_table;
int usage_read(const struct container_state *state, struct process_table *table,
	       struct usage *ret_usage, struct error *err);

/*
 * Appends the use as a JSON object in the words of cgroup_print_stats(), for a container without a
 * cgroup.
 */
void usage_print(const struct usage *usage, struct strbuf *out);

#endif
