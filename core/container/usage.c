// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/container/usage.h"

#include <inttypes.h>
#include <unistd.h>

#include "core/base/pidfd.h"
#include "core/base/str.h"
#include "core/cgroup/stats.h"
#include "core/container/processes.h"

/* A process that has ended uses nothing. */
static void add_process(pid_t pid, struct usage *usage)
{
	struct process_stat stat;

	if (process_read_stat(pid, &stat) < 0)
		return;
	usage->cpu_us += stat.cpu_ticks * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
	usage->memory += stat.pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

int usage_read(const struct container_state *state, struct process_table *table,
	       struct usage *ret_usage, struct error *err)
{
	struct usage usage = { .memory_limit = UINT64_MAX };
	struct cgroup_usage counted = { .memory_limit = UINT64_MAX };
	bool has_cgroup = state->cgroup && cgroup_read_usage(state->cgroup, &counted);
	autoprocesstable struct process_table own = { 0 };
	autofree pid_t *pids = NULL;
	size_t count;

	if (processes_list_from(table ? table : &own, state, &pids, &count, err) < 0)
		return -1;
	/* The cgroup counts processes that have ended too. */
	for (size_t i = 0; i < count && !(has_cgroup && counted.has_memory); i++)
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
