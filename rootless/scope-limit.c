// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/resource.h>

#include "core/base/log.h"
#include "core/base/number.h"
#include "core/config/rlimit.h"
#include "rootless/name.h"
#include "rootless/scope-rule.h"

/*
 * A limit that is asked for and not enforced is a promise broken silently, so each is an error.
 * Returns true and sets the error for a limit that is asked for.
 */
static bool asked(struct error *err, bool is_asked, const char *field)
{
	if (is_asked)
		error_set(
			err, 0,
			"linux.resources.%s: needs a cgroup, and cgroups are not managed by this version",
			field);
	return is_asked;
}

/*
 * -1 asks for no limit; and 0 bytes or 0 µs of quota are "not given" in the configs that engines
 * write.
 */
static bool limits(struct opt_i64 value)
{
	return value.set && value.value > 0;
}

static bool memory_asked(const struct config_memory *memory, struct error *err)
{
	return asked(err, limits(memory->limit), "memory.limit") ||
	       asked(err, limits(memory->reservation), "memory.reservation") ||
	       asked(err, limits(memory->swap), "memory.swap") ||
	       asked(err, limits(memory->kernel), "memory.kernel") ||
	       asked(err, limits(memory->kernel_tcp), "memory.kernelTCP") ||
	       asked(err, memory->swappiness.set, "memory.swappiness") ||
	       asked(err, memory->disable_oom_killer.value, "memory.disableOOMKiller");
}

static bool cpu_asked(const struct config_cpu *cpu, struct error *err)
{
	/* A period alone bounds nothing: it is what a quota is counted in. */
	return asked(err, cpu->shares.value > 0, "cpu.shares") ||
	       asked(err, limits(cpu->quota), "cpu.quota") ||
	       asked(err, cpu->burst.value > 0, "cpu.burst") ||
	       asked(err, limits(cpu->realtime_runtime), "cpu.realtimeRuntime") ||
	       asked(err, cpu->realtime_period.value > 0, "cpu.realtimePeriod") ||
	       asked(err, cpu->cpus && cpu->cpus[0], "cpu.cpus") ||
	       asked(err, cpu->mems && cpu->mems[0], "cpu.mems") ||
	       asked(err, cpu->idle.value != 0, "cpu.idle");
}

static bool block_io_asked(const struct config_block_io *io, struct error *err)
{
	return asked(err, io->weight.value > 0, "blockIO.weight") ||
	       asked(err, io->leaf_weight.value > 0, "blockIO.leafWeight") ||
	       asked(err, io->weight_device.count > 0, "blockIO.weightDevice") ||
	       asked(err, io->throttle_read_bps.count > 0, "blockIO.throttleReadBpsDevice") ||
	       asked(err, io->throttle_write_bps.count > 0, "blockIO.throttleWriteBpsDevice") ||
	       asked(err, io->throttle_read_iops.count > 0, "blockIO.throttleReadIOPSDevice") ||
	       asked(err, io->throttle_write_iops.count > 0, "blockIO.throttleWriteIOPSDevice");
}

static bool limits_asked(const struct config_resources *resources, struct error *err)
{
	if ((resources->memory && memory_asked(resources->memory, err)) ||
	    (resources->cpu && cpu_asked(resources->cpu, err)) ||
	    (resources->block_io && block_io_asked(resources->block_io, err)))
		return true;
	/* 0 is a limit here (no process but the first); -1 is none. */
	if (resources->pids &&
	    asked(err, resources->pids->limit.set && resources->pids->limit.value >= 0,
		  "pids.limit"))
		return true;
	if (resources->network && asked(err,
					resources->network->class_id.value > 0 ||
						resources->network->priorities.count > 0,
					"network"))
		return true;
	return asked(err, resources->hugepage_limits.count > 0, "hugepageLimits") ||
	       asked(err, resources->rdma.count > 0, "rdma") ||
	       asked(err, resources->unified.count > 0, "unified");
}

int scope_resources(const struct scope *scope, struct error *err)
{
	const struct config_linux *linux_ = scope->config->linux_;
	const struct config_resources *resources = linux_->resources;

	if (resources && limits_asked(resources, err))
		return -1;
	/*
	 * Every engine sends these.  The user namespace forbids mknod, so the devices that are
	 * bound are the list already.
	 */
	if (resources && resources->devices.count > 0)
		log_debug(
			"linux.resources.devices: %zu rules skipped: a user namespace has the devices that are bound, and no others",
			resources->devices.count);
	if (linux_->cgroups_path)
		log_debug(
			"linux.cgroupsPath: %s is not made: no limit asks for it, and the container stays in the caller's cgroup",
			linux_->cgroups_path);
	return 0;
}

/* The word of limits.conf(5) and of systemd's Limit…=: RLIMIT_NOFILE is nofile and LimitNOFILE. */
static int rlimit_refused(const struct scope *scope, size_t index,
			  const struct config_rlimit *limit, rlim_t own, struct error *err)
{
	autofree char *user = name_of_user(scope->caller->host.root, scope->caller->uid);
	char word[32] = "";
	const char *name = limit->type + strlen("RLIMIT_");

	for (size_t i = 0; i < sizeof(word) - 1 && name[i]; i++)
		word[i] = (char)(name[i] | 0x20);
	error_set(err, 0,
		  "process.rlimits[%zu]: the hard limit %" PRIu64
		  " of %s is above urun's own of %" PRIu64,
		  index, limit->hard.value, limit->type, (uint64_t)own);
	return error_hint(err,
			  "ask for less, or as root add '%s hard %s %" PRIu64
			  "' to /etc/security/limits.conf and log in again",
			  user ? user : "*", word, limit->hard.value);
}

/*
 * Raising a hard limit asks for CAP_SYS_RESOURCE in the first user namespace.
 * Source: setrlimit(2).
 */
int scope_rlimits(const struct scope *scope, struct error *err)
{
	const struct config_process *process = scope->config->process;

	if (!process || userns_caller_has_on_host(scope->caller, CAP_SYS_RESOURCE))
		return 0;
	for (size_t i = 0; i < process->rlimits.count; i++) {
		const struct config_rlimit *limit = &process->rlimits.items[i];
		int resource = config_rlimit_resource(limit->type);
		struct rlimit own;

		if (resource >= 0 && getrlimit((__rlimit_resource_t)resource, &own) == 0 &&
		    limit->hard.value > own.rlim_max)
			return rlimit_refused(scope, i, limit, own.rlim_max, err);
	}
	return 0;
}

/*
 * An ordinary process may make itself likelier to be killed, never less likely.  Engines pass on
 * what was asked of them as root; as podman does for these, the own value is used then.
 * Source: proc(5).
 */
int scope_oom_score(const struct scope *scope, struct error *err)
{
	struct config_process *process = scope->config->process;
	char line[16];
	int64_t own;

	(void)err;
	if (!process || !process->oom_score_adj.set ||
	    userns_caller_has_on_host(scope->caller, CAP_SYS_RESOURCE))
		return 0;
	if (host_read_line(&scope->caller->host, "/proc/self/oom_score_adj", line, sizeof(line)) <
		    0 ||
	    number_parse_i64(line, -1000, 1000, &own) < 0 || process->oom_score_adj.value >= own)
		return 0;
	log_debug("process.oomScoreAdj: %" PRId64 " becomes %" PRId64
		  ", below which only root can go",
		  process->oom_score_adj.value, own);
	process->oom_score_adj.value = own;
	return 0;
}
