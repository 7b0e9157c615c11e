// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/parent/usage.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/cgroup/stats.h"
#include "core/parent/processes.h"

#define FILE_SIZE_MAX 4096u

static char *read_of(pid_t pid, const char *file)
{
	autofree char *path = str_format("/proc/%d/%s", (int)pid, file);
	char *text = NULL;
	size_t size;

	return fd_read_file(path, FILE_SIZE_MAX, &text, &size) == 0 ? text : NULL;
}

/* A process that is gone uses nothing. */
static void add_process(pid_t pid, struct usage *usage)
{
	autofree char *stat = read_of(pid, "stat");
	autofree char *statm = read_of(pid, "statm");
	/* The name may have blanks and brackets; after its end come the state and the numbers. */
	const char *rest = stat ? strrchr(stat, ')') : NULL;
	uint64_t user, system, pages;

	/* Fields 14 and 15 of the file. */
	if (rest &&
	    sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64,
		   &user, &system) == 2)
		usage->cpu_us += (user + system) * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
	if (statm && sscanf(statm, "%*u %" SCNu64, &pages) == 1)
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
