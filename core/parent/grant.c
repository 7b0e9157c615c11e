// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/parent/grant.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/cgroup/tree.h"
#include "core/config/mount_options.h"
#include "core/config/shapes.h"

/*
 * Raises the hard limit only: init sets the soft limit last, as it would hold for init's own work.
 */
static int raise_hard_limit(pid_t pid, const struct config_rlimit *limit, struct error *err)
{
	struct rlimit now;

	if (prlimit(pid, limit->type, NULL, &now) < 0)
		return error_set(err, errno, "read %s of process %d",
				 config_rlimit_types[limit->type], pid);
	if (limit->hard.value <= now.rlim_max)
		return 0;
	now.rlim_max = limit->hard.value;
	if (prlimit(pid, limit->type, &now, NULL) < 0)
		return error_set(err, errno, "raise the hard limit of %s to %llu",
				 config_rlimit_types[limit->type],
				 (unsigned long long)limit->hard.value);
	return 0;
}

/* Without the capability init may be allowed what we aren't: raising the value, as the file's owner. */
static int set_oom_score(pid_t pid, const struct config_process *process, bool is_capable,
			 struct error *err)
{
	char path[64], value[16];
	int failed;

	if (!process->oom_score_adj.set)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", pid);
	snprintf(value, sizeof(value), "%d", (int)process->oom_score_adj.value);
	failed = fd_write_file(path, value);
	return failed < 0 && is_capable
		       ? error_set(err, -failed, "process.oomScoreAdj: write %s", path)
		       : 0;
}

int grant_limits(pid_t pid, const struct config_process *process,
		 const struct userns_caller *caller, struct error *err)
{
	bool is_capable = userns_caller_has_on_host(caller, CAP_SYS_RESOURCE);

	if (!process)
		return 0;
	for (size_t i = 0; i < process->rlimits.count && is_capable; i++)
		if (raise_hard_limit(pid, &process->rlimits.items[i], err) < 0)
			return -1;
	return set_oom_score(pid, process, is_capable, err);
}

/* Can the container write to a mounted tree of its own cgroup namespace? */
static bool manages_cgroups(const struct container_config *config)
{
	const struct config_namespace *ns = config_find_namespace(config, CONFIG_NS_CGROUP);

	if (!ns || ns->path)
		return false;
	for (size_t i = 0; i < config->mounts.count; i++) {
		const struct config_mount *mount = &config->mounts.items[i];

		if (mount->kind == MOUNT_KIND_CGROUP)
			return !(mount_options_attrs(&mount->options) & MOUNT_ATTR_RDONLY);
	}
	return false;
}

void grant_cgroup(const struct plan *plan)
{
	struct error err = ERROR_NONE;
	uint32_t uid, gid;

	if (!plan->cgroup.path || !manages_cgroups(&plan->config) ||
	    idmap_to_outer(&plan->userns.uids, 0, &uid) < 0 ||
	    idmap_to_outer(&plan->userns.gids, 0, &gid) < 0 || uid == geteuid())
		return;
	if (cgroup_give(plan->cgroup.path, uid, gid, &err) < 0)
		log_debug("the container's root doesn't own its cgroup: %s", err.text);
}
