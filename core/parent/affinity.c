// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/parent/affinity.h"

#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>

#include "core/base/span.h"

static int add_range(struct span range, cpu_set_t *set)
{
	struct span first_text;
	uint32_t first, last;

	if (!span_cut(&range, '-', &first_text) || !span_number(first_text, &first))
		return -EINVAL;
	last = first;
	if (range.size > 0 && !span_number(range, &last))
		return -EINVAL;
	if (last < first || last >= CPU_SETSIZE)
		return -EINVAL;
	for (uint32_t cpu = first; cpu <= last; cpu++)
		CPU_SET(cpu, set);
	return 0;
}

/* "0-3,7" */
static int parse_list(const char *text, cpu_set_t *ret_set)
{
	struct span rest = { text, strlen(text) }, range;

	CPU_ZERO(ret_set);
	while (span_cut(&rest, ',', &range))
		if (add_range(span_trim(range), ret_set) < 0)
			return -EINVAL;
	return CPU_COUNT(ret_set) > 0 ? 0 : -EINVAL;
}

int affinity_set(pid_t pid, const struct config_cpu_affinity *affinity, enum affinity_moment moment,
		 struct error *err)
{
	const char *list = NULL, *name = moment == AFFINITY_INITIAL ? "initial" : "final";
	cpu_set_t set;

	if (affinity)
		list = moment == AFFINITY_INITIAL ? affinity->initial : affinity->final;
	if (!list || !*list)
		return 0;
	if (parse_list(list, &set) < 0)
		return error_set(err, 0,
				 "process.execCPUAffinity.%s: '%s' is no list of processors", name,
				 list);
	if (sched_setaffinity(pid, sizeof(set), &set) == 0)
		return 0;
	error_set(err, errno, "process.execCPUAffinity.%s: bind the process to processors %s", name,
		  list);
	if (err->code == EINVAL)
		error_hint(err, "none of them is online and in the cpuset of the cgroup");
	return -1;
}
