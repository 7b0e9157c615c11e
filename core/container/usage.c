// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/container/usage.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/pidfd.h"
#include "core/base/str.h"
#include "core/cgroup/stats.h"
#include "core/container/processes.h"

#define FILE_SIZE_MAX 4096u

/* A process that has ended uses nothing. */
static void add_process(pid_t pid, struct usage *usage)
{
	autofree char *path = str_format("/proc/%d/statm", (int)pid);
	autofree char *statm = NULL;
	struct process_stat stat;
	uint64_t pages;
	size_t size;

	if (process_read_stat(pid, &stat) == 0)
		usage->cpu_us += stat.cpu_ticks * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
	if (fd_read_file(path, FILE_SIZE_MAX, &statm, &size) == 0 &&
	    sscanf(statm, "%*u %" SCNu64, &pages) == 1)
		usage->memory += pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

int usage_read(const struct container_state *state, struct usage *ret_usage, struct error *err)
{
	struct usage usage = { .memory_limit = UINT64_MAX };
	struct cgroup_usage counted = { .memory_limit = UINT64_MAX };
	bool has_cgroup = state->cgroup && cgroup_read_usage(state->cgroup, &counted);
	autofree pid_t *pids = NULL;
	size_t count;

	if (processes_list(state, &pids, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		add_process(pids[i], &usage);
	usage.processes = count;
	if (has_cgroup) {
		usage.cpu_us = counted.cpu_us;
		usage.memory_limit = counted.memory_limit;
	}
	if (counted.has_memory)
		usage.memory = counted.memory;
	*ret_usage = usage;
	return 0;
}

void usage_print(const struct usage *usage, struct strbuf *out)
{
	strbuf_addf(out,
		    "{\"cpu\":{\"usage\":{\"total\":%" PRIu64
		    "}},\"memory\":{\"usage\":{\"usage\":%" PRIu64 ",\"limit\":%" PRIu64
		    "}},\"pids\":{\"current\":%" PRIu64 ",\"limit\":0},\"hugetlb\":{}}",
		    usage->cpu_us * 1000, usage->memory, usage->memory_limit, usage->processes);
}
