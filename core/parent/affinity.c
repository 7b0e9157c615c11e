// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/parent/affinity.h"

#include <errno.h>
#include <sched.h>

#include "core/base/range_list.h"
#include "core/base/str.h"

int affinity_set(pid_t pid, const struct config_cpu_affinity *affinity, enum affinity_moment moment,
		 struct error *err)
{
	const char *name = moment == AFFINITY_INITIAL ? "initial" : "final";
	autostrbuf struct strbuf text = { 0 };
	const range_list *list;
	cpu_set_t set;

	if (!affinity)
		return 0;
	list = moment == AFFINITY_INITIAL ? &affinity->initial : &affinity->final;
	if (list->count == 0)
		return 0;
	CPU_ZERO(&set);
	for (size_t i = 0; i < list->count; i++)
		for (uint32_t cpu = list->items[i].first;
		     cpu <= list->items[i].last && cpu < CPU_SETSIZE; cpu++)
			CPU_SET(cpu, &set);
	if (sched_setaffinity(pid, sizeof(set), &set) == 0)
		return 0;
	range_list_print(list, &text);
	error_set(err, errno, "process.execCPUAffinity.%s: bind the process to processors %s", name,
		  text.bytes);
	if (err->code == EINVAL)
		error_hint(err, "no processor of the list is online and in the cgroup's cpuset");
	return -1;
}
