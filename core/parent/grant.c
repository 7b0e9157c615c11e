// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/parent/grant.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/resource.h>

#include "core/base/fd.h"
#include "core/config/shapes.h"

/*
 * Raises the hard limit only: init sets the soft limit last, as it would hold for init's own work.
 */
static int raise_hard_limit(pid_t pid, const struct config_rlimit *limit, struct error *err)
{
	struct rlimit now;

	if (prlimit(pid, (__rlimit_resource_t)limit->type, NULL, &now) < 0)
		return error_set(err, errno, "read %s of process %d",
				 config_rlimit_types[limit->type], pid);
	if (limit->hard.value <= now.rlim_max)
		return 0;
	now.rlim_max = limit->hard.value;
	if (prlimit(pid, (__rlimit_resource_t)limit->type, &now, NULL) < 0)
		return error_set(err, errno, "raise the hard limit of %s to %llu",
				 config_rlimit_types[limit->type],
				 (unsigned long long)limit->hard.value);
	return 0;
}

static int set_oom_score(pid_t pid, const struct config_process *process, struct error *err)
{
	char path[64], value[16];
	int failed;

	if (!process->oom_score_adj.set)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", pid);
	snprintf(value, sizeof(value), "%d", (int)process->oom_score_adj.value);
	failed = fd_write_file(path, value);
	return failed < 0 ? error_set(err, -failed, "process.oomScoreAdj: write %s", path) : 0;
}

int grant_limits(pid_t pid, const struct config_process *process,
		 const struct userns_caller *caller, struct error *err)
{
	if (!process || !userns_caller_has_on_host(caller, CAP_SYS_RESOURCE))
		return 0;
	for (size_t i = 0; i < process->rlimits.count; i++)
		if (raise_hard_limit(pid, &process->rlimits.items[i], err) < 0)
			return -1;
	return set_oom_score(pid, process, err);
}
