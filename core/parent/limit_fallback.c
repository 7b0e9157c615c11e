// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/parent/limit_fallback.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <sys/resource.h>

#include "core/base/log.h"
#include "core/base/str.h"
#include "core/config/change.h"

/* The kernel's period where the config has a quota alone.  Source: cgroup-v2.rst, cpu.max. */
#define PERIOD_US 100000

int limit_fallback_is_asked(const struct container_config *config, struct error *err)
{
	const char *value = config_annotation(config, CONFIG_ANNOTATION_LIMIT_FALLBACK);

	if (!value || str_equal(value, "rlimit"))
		return value != NULL;
	return error_set(
		err, 0, "annotation " CONFIG_ANNOTATION_LIMIT_FALLBACK ": must be rlimit, not '%s'",
		value);
}

/* The limits, as positive numbers; 0: none. */
struct fallback {
	uint64_t memory; /* bytes */
	uint64_t cpus;
	uint64_t pids;
};

static struct fallback find_limits(const struct container_config *config)
{
	const struct config_resources *resources = config->linux->resources;
	const struct config_memory *memory = resources ? resources->memory : NULL;
	const struct config_cpu *cpu = resources ? resources->cpu : NULL;
	const struct config_pids *pids = resources ? resources->pids : NULL;
	uint64_t period =
		cpu && cpu->period.set && cpu->period.value ? cpu->period.value : PERIOD_US;
	struct fallback limits = { 0 };

	if (memory && memory->limit.set && memory->limit.value > 0)
		limits.memory = (uint64_t)memory->limit.value;
	if (cpu && cpu->quota.set && cpu->quota.value > 0)
		limits.cpus = ((uint64_t)cpu->quota.value + period - 1) / period;
	if (pids && pids->limit.set && pids->limit.value > 0)
		limits.pids = (uint64_t)pids->limit.value;
	return limits;
}

bool limit_fallback_has_work(const struct container_config *config)
{
	struct fallback limits = find_limits(config);

	return limits.memory || limits.cpus || limits.pids;
}

void limit_fallback_warn(const struct container_config *config)
{
	struct fallback limits = find_limits(config);
	autostrbuf struct strbuf text = { 0 };
	cpu_set_t set;
	uint64_t own = sched_getaffinity(0, sizeof(set), &set) < 0 ? UINT64_MAX
								   : (uint64_t)CPU_COUNT(&set);

	if (limits.memory && config->linux->resources->memory->swap.set)
		strbuf_add_str(&text, "; swap isn't limited");
	if (limits.memory)
		strbuf_addf(&text,
			    "; each process has %" PRIu64
			    " bytes of data, however many there are, and shared memory "
			    "isn't counted",
			    limits.memory);
	if (limits.cpus > own)
		strbuf_addf(&text, "; processors aren't limited, as urun has no more than %" PRIu64,
			    own);
	else if (limits.cpus)
		strbuf_addf(&text,
			    "; the container has %" PRIu64
			    " of the processors, and other programs use these too",
			    limits.cpus);
	if (limits.pids)
		strbuf_addf(&text, "; each user of the container has %" PRIu64 " processes",
			    limits.pids);
	log_warning("no cgroup can have the container's limits, so they are weaker than they "
		    "would be in one (--limit-fallback)%s",
		    text.bytes ? text.bytes : "");
}

/* A limit that the config has anyway stays where it is lower. */
static void lower_rlimit(int type, uint64_t value, struct container_config *config)
{
	struct config_process *process = config->process;
	struct rlimit own;

	if (getrlimit(type, &own) == 0 && own.rlim_max < value)
		value = own.rlim_max;
	for (size_t i = 0; i < process->rlimits.count; i++) {
		struct config_rlimit *limit = &process->rlimits.items[i];

		if (limit->type != type)
			continue;
		if (limit->hard.value > value)
			limit->hard.value = value;
		if (limit->soft.value > value)
			limit->soft.value = value;
		return;
	}
	process->rlimits.items =
		arena_grow(&config->arena, process->rlimits.items, process->rlimits.count,
			   sizeof(*process->rlimits.items));
	process->rlimits.items[process->rlimits.count++] = (struct config_rlimit){
		.type = type,
		.soft = { true, value },
		.hard = { true, value },
	};
}

void limit_fallback_apply(struct container_config *config, unsigned int *ret_cpus)
{
	struct config_resources *resources = config->linux->resources;
	struct fallback limits = find_limits(config);

	if (limits.memory) {
		resources->memory->limit = (struct opt_i64){ 0 };
		/* Memory and swap together: without a limit of memory alone it has no meaning. */
		resources->memory->swap = (struct opt_i64){ 0 };
		if (config->process)
			lower_rlimit(RLIMIT_DATA, limits.memory, config);
	}
	if (limits.cpus) {
		resources->cpu->quota = (struct opt_i64){ 0 };
		resources->cpu->period = (struct opt_u64){ 0 };
	}
	if (limits.pids) {
		resources->pids->limit = (struct opt_i64){ 0 };
		if (config->process)
			lower_rlimit(RLIMIT_NPROC, limits.pids, config);
	}
	*ret_cpus = limits.cpus < CPU_SETSIZE ? (unsigned int)limits.cpus : 0;
}

int limit_fallback_bind(pid_t pid, unsigned int count, struct error *err)
{
	unsigned int own, skip;
	cpu_set_t all, chosen;

	if (count == 0)
		return 0;
	/* A machine with more processors than the set has room for: EINVAL. */
	if (sched_getaffinity(0, sizeof(all), &all) < 0)
		return error_set(err, errno, "find the processors that urun may use");
	own = (unsigned int)CPU_COUNT(&all);
	if (count >= own)
		return 0;
	CPU_ZERO(&chosen);
	skip = (unsigned int)pid % own;
	for (unsigned int cpu = 0; count > 0; cpu = (cpu + 1) % CPU_SETSIZE) {
		if (!CPU_ISSET(cpu, &all) || CPU_ISSET(cpu, &chosen))
			continue;
		if (skip > 0) {
			skip--;
			continue;
		}
		CPU_SET(cpu, &chosen);
		count--;
	}
	if (sched_setaffinity(pid, sizeof(chosen), &chosen) < 0)
		return error_set(err, errno, "bind the container to its processors");
	return 0;
}

int limit_fallback_bind_like(pid_t pid, pid_t model, struct error *err)
{
	cpu_set_t set;

	if (sched_getaffinity(model, sizeof(set), &set) < 0 ||
	    sched_setaffinity(pid, sizeof(set), &set) < 0)
		return error_set(err, errno, "bind the process to the container's processors");
	return 0;
}
