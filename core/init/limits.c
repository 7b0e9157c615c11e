// SPDX-License-Identifier: Apache-2.0
// Runs in: init before pivot_root (oom_score_adj), init after pivot_root (the rest).
#include "core/init/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <linux/sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/range_list.h"
#include "core/base/str.h"
#include "core/config/shapes.h"
#include "core/rootfs/procfs.h"

#define NODE_WORD_BITS (sizeof(unsigned long) * CHAR_BIT)

/* The umask of the other runtimes where the config has none. */
#define DEFAULT_UMASK 0022

/*
 * The parent has set the value where it may (core/parent/grant.c).  The file of a process that isn't
 * dumpable belongs to the root of the user namespace in which the process was executed: a process that
 * joins by itself, and has other ids, can read the file and not write it.
 */
static bool oom_score_adj_is(const char *path, const char *value)
{
	autoclose int fd = procfs_open_file(path, O_RDONLY);
	autofree char *current = NULL;
	size_t size;

	if (fd < 0 || fd_read_all(fd, 64, &current, &size) < 0)
		return false;
	current[strcspn(current, "\n")] = '\0';
	return str_equal(current, value);
}

int limits_set_oom_score_adj(const struct config_process *process, struct error *err)
{
	static const char path[] = "self/oom_score_adj";
	autofree char *current = NULL;
	autoclose int fd = -1;
	char value[24];
	size_t size;
	int r;

	if (!process || !process->oom_score_adj.set)
		return 0;
	snprintf(value, sizeof(value), "%lld", (long long)process->oom_score_adj.value);
	if (oom_score_adj_is(path, value))
		return 0;
	fd = procfs_open_file(path, O_RDWR);
	r = fd < 0 ? fd : fd_write_all(fd, value, strlen(value));
	if (r == 0)
		return 0;
	error_set(err, -r, "process.oomScoreAdj: write %s to /proc/%s", value, path);
	if (r == -EACCES && fd >= 0 && fd_read_all(fd, 64, &current, &size) == 0) {
		current[strcspn(current, "\n")] = '\0';
		error_hint(err, "it is %s here; to go lower needs CAP_SYS_RESOURCE on the host",
			   current);
	}
	return -1;
}

int limits_set_rlimits(const struct config_process *process, struct error *err)
{
	for (size_t i = 0; i < process->rlimits.count; i++) {
		const struct config_rlimit *rlimit = &process->rlimits.items[i];
		struct rlimit asked = { .rlim_cur = rlimit->soft.value,
					.rlim_max = rlimit->hard.value };

		if (setrlimit(rlimit->type, &asked) < 0)
			return error_set(err, errno, "set %s to %llu (soft) and %llu (hard)",
					 config_rlimit_types[rlimit->type],
					 (unsigned long long)asked.rlim_cur,
					 (unsigned long long)asked.rlim_max);
	}
	return 0;
}

/* The kernel's struct sched_attr; newer C libraries have one of that name too. */
struct scheduler_attributes {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime;
	uint64_t deadline;
	uint64_t period;
	uint32_t util_min;
	uint32_t util_max;
};

_Static_assert(CONFIG_SCHED_RR == SCHED_RR && CONFIG_SCHED_IDLE == SCHED_IDLE &&
		       CONFIG_SCHED_DEADLINE == SCHED_DEADLINE,
	       "the config's policies are the kernel's numbers");

static void explain_eperm(const struct scheduler_attributes *asked, struct error *err)
{
	struct rlimit limit;

	if (asked->policy == SCHED_DEADLINE) {
		error_hint(err, "SCHED_DEADLINE needs CAP_SYS_NICE on the host");
	} else if (asked->policy == SCHED_FIFO || asked->policy == SCHED_RR) {
		if (getrlimit(RLIMIT_RTPRIO, &limit) == 0 && limit.rlim_cur < asked->priority)
			error_hint(
				err,
				"without CAP_SYS_NICE on the host, RLIMIT_RTPRIO must be %u or more, it is %llu",
				asked->priority, (unsigned long long)limit.rlim_cur);
	} else if (getrlimit(RLIMIT_NICE, &limit) == 0 &&
		   20 - asked->nice > (int64_t)limit.rlim_cur) {
		error_hint(
			err,
			"without CAP_SYS_NICE on the host, RLIMIT_NICE must be %d or more to come to nice %d, it is %llu",
			20 - asked->nice, asked->nice, (unsigned long long)limit.rlim_cur);
	}
}

static void explain_einval(const struct scheduler_attributes *asked, struct error *err)
{
	if ((asked->policy == SCHED_FIFO || asked->policy == SCHED_RR) &&
	    (asked->priority < 1 || asked->priority > 99))
		error_hint(err, "this policy's priority is 1 to 99");
	else if (asked->policy != SCHED_FIFO && asked->policy != SCHED_RR && asked->priority != 0)
		error_hint(err, "this policy has no priority");
	else if (asked->policy == SCHED_DEADLINE &&
		 (asked->runtime < 1024 || asked->runtime > asked->deadline ||
		  (asked->period && asked->deadline > asked->period)))
		error_hint(err, "1024 ns <= runtime <= deadline <= period must hold");
}

int limits_set_scheduler(const struct config_process *process, struct error *err)
{
	const struct config_scheduler *scheduler = process->scheduler;
	struct scheduler_attributes asked = { .size = sizeof(asked) };

	if (!scheduler)
		return 0;
	asked.policy = (uint32_t)scheduler->policy;
	asked.flags = scheduler->flags;
	asked.nice = (int32_t)scheduler->nice.value;
	asked.priority = (uint32_t)scheduler->priority.value;
	asked.runtime = scheduler->runtime.value;
	asked.deadline = scheduler->deadline.value;
	asked.period = scheduler->period.value;
	if (syscall(SYS_sched_setattr, 0, &asked, 0) == 0)
		return 0;
	error_set(err, errno, "process.scheduler: set %s",
		  config_sched_policies[scheduler->policy]);
	if (err->code == EPERM)
		explain_eperm(&asked, err);
	else if (err->code == EINVAL)
		explain_einval(&asked, err);
	return -1;
}

int limits_set_io_priority(const struct config_process *process, struct error *err)
{
	static const int classes[] = {
		[CONFIG_IO_RT] = IOPRIO_CLASS_RT,
		[CONFIG_IO_BE] = IOPRIO_CLASS_BE,
		[CONFIG_IO_IDLE] = IOPRIO_CLASS_IDLE,
	};
	const struct config_io_priority *io = process->io_priority;

	if (!io)
		return 0;
	if (syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0,
		    IOPRIO_PRIO_VALUE(classes[io->class], (int)io->priority.value)) == 0)
		return 0;
	error_set(err, errno, "process.ioPriority: set %s %lld", config_io_classes[io->class],
		  (long long)io->priority.value);
	if (err->code == EPERM && io->class == CONFIG_IO_RT)
		error_hint(err, "IOPRIO_CLASS_RT needs CAP_SYS_NICE on the host");
	return -1;
}

_Static_assert((int)CONFIG_MEMORY_BIND == (int)MPOL_BIND &&
		       (int)CONFIG_MEMORY_LOCAL == (int)MPOL_LOCAL,
	       "the config's modes are the kernel's numbers");

int limits_set_memory_policy(const struct container_config *config, struct error *err)
{
	const struct config_memory_policy *policy = config->linux->memory_policy;
	unsigned long nodes[CONFIG_NODES_MAX / NODE_WORD_BITS] = { 0 };
	static const int flags[] = {
		[CONFIG_MEMORY_NUMA_BALANCING] = 1 << 13 /* MPOL_F_NUMA_BALANCING */,
		[CONFIG_MEMORY_RELATIVE_NODES] = MPOL_F_RELATIVE_NODES,
		[CONFIG_MEMORY_STATIC_NODES] = MPOL_F_STATIC_NODES,
	};
	autostrbuf struct strbuf text = { 0 };
	int value, failed;
	bool has_nodes;

	if (!policy)
		return 0;
	value = policy->mode;
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (policy->flags & UINT64_C(1) << i)
			value |= flags[i];
	has_nodes = policy->nodes.count > 0;
	for (size_t i = 0; i < policy->nodes.count; i++)
		for (uint32_t n = policy->nodes.items[i].first; n <= policy->nodes.items[i].last;
		     n++)
			nodes[n / NODE_WORD_BITS] |= 1ul << n % NODE_WORD_BITS;
	/* The kernel reads one bit less than it is told. */
	if (syscall(SYS_set_mempolicy, value, has_nodes ? nodes : NULL,
		    has_nodes ? CONFIG_NODES_MAX + 1 : 0) == 0)
		return 0;
	if (errno == ENOSYS)
		return error_set(err, errno, "linux.memoryPolicy: this kernel has no NUMA");
	failed = errno;
	range_list_print(&policy->nodes, &text);
	return error_set(err, failed, "linux.memoryPolicy: set %s for nodes `%s`",
			 config_memory_modes[policy->mode], has_nodes ? text.bytes : "");
}

int limits_set_personality(const struct container_config *config, struct error *err)
{
	const struct config_personality *wanted = config->linux->personality;

	if (!wanted)
		return 0;
	if (personality(wanted->domain == CONFIG_PERSONALITY_LINUX32 ? PER_LINUX32 : PER_LINUX) < 0)
		return error_set(err, errno, "linux.personality: set %s",
				 config_personality_domains[wanted->domain]);
	return 0;
}

void limits_set_umask(const struct config_process *process)
{
	const struct config_user *user = process->user;

	umask(user->umask.set ? (mode_t)user->umask.value : DEFAULT_UMASK);
}
