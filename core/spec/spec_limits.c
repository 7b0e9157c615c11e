// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/number.h"
#include "core/base/size.h"
#include "core/base/str.h"
#include "core/config/shapes.h"
#include "core/spec/spec_steps.h"

#define CPU_PERIOD_US 100000

struct config_resources *spec_resources_of(struct container_config *config)
{
	if (!config->linux->resources)
		config->linux->resources =
			arena_alloc(&config->arena, sizeof(*config->linux->resources));
	return config->linux->resources;
}

/* Nothing runs in less: the unit was forgotten. */
#define MEMORY_MIN (64 * 1024)

static int set_memory(const char *text, struct container_config *config, struct error *err)
{
	struct config_memory *memory = RESOURCE_OF(config, memory);

	if (size_parse(text, &memory->limit.value) < 0 || memory->limit.value == 0)
		return spec_refuse("memory", text, "expected a size such as 64m", err);
	if (memory->limit.value < MEMORY_MIN) {
		error_set(err, 0, "--memory %s: no program runs in %" PRId64 " bytes", text,
			  memory->limit.value);
		return isdigit((unsigned char)text[strlen(text) - 1])
			       ? error_hint(err, "did you mean %sm?", text)
			       : -1;
	}
	memory->limit.set = true;
	return 0;
}

int spec_parse_cpus(const char *text, unsigned int period, int64_t *ret_quota)
{
	char *end;
	double cpus = strtod(text, &end);

	if (*end || end == text || !isdigit((unsigned char)text[0]) || !(cpus >= 0.01) ||
	    cpus > 10000)
		return -EINVAL;
	*ret_quota = (int64_t)(cpus * period + 0.5);
	return 0;
}

static int set_cpus(const char *text, struct container_config *config, struct error *err)
{
	struct config_cpu *cpu = RESOURCE_OF(config, cpu);

	if (spec_parse_cpus(text, CPU_PERIOD_US, &cpu->quota.value) < 0)
		return spec_refuse("cpus", text, "expected a number of processors such as 1.5",
				   err);
	cpu->period = (struct opt_u64){ true, CPU_PERIOD_US };
	cpu->quota.set = true;
	return 0;
}

static int set_pids(const char *text, struct container_config *config, struct error *err)
{
	struct config_pids *pids = RESOURCE_OF(config, pids);

	if (number_parse_i64(text, -1, INT32_MAX, &pids->limit.value) < 0)
		return spec_refuse("pids-limit", text, "expected a number; -1 means no limit", err);
	pids->limit.set = true;
	return 0;
}

/* ---- --ulimit ---- */

static int parse_rlimit(const char *text, uint64_t *ret_limit)
{
	if (str_equal(text, "unlimited") || str_equal(text, "-1")) {
		*ret_limit = UINT64_MAX;
		return 0;
	}
	return number_parse_u64(text, UINT64_MAX, ret_limit);
}

static int add_ulimit(const char *text, struct container_config *config, struct error *err)
{
	struct config_process *process = config->process;
	autofree char *copy = str_dup(text);
	char *hard = copy, *name = strsep(&hard, "="), *soft = hard ? strsep(&hard, ":") : NULL;
	struct config_rlimit limit = { .soft.set = true, .hard.set = true };
	autofree char *type = NULL, *why = NULL;

	if (!soft || parse_rlimit(soft, &limit.soft.value) < 0 ||
	    parse_rlimit(hard ? hard : soft, &limit.hard.value) < 0)
		return spec_refuse("ulimit", text, "expected NAME=SOFT[:HARD]", err);
	for (char *c = name; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	type = str_format("RLIMIT_%s", name);
	limit.type = str_find(config_rlimit_types, type);
	if (limit.type < 0) {
		why = str_format("Linux has no resource limit %s", type);
		return spec_refuse("ulimit", text, why, err);
	}
	process->rlimits.items = arena_grow(&config->arena, process->rlimits.items,
					    process->rlimits.count, sizeof(limit));
	process->rlimits.items[process->rlimits.count++] = limit;
	return 0;
}

/* ---- the step ---- */

int spec_apply_limits(const struct spec_options *options, struct container_config *config,
		      struct error *err)
{
	/* Without --ulimit the container has the caller's own limits, as in podman. */
	config->process->rlimits.count = 0;
	for (size_t i = 0; i < options->ulimits.count; i++)
		if (add_ulimit(options->ulimits.items[i], config, err) < 0)
			return -1;
	if ((options->memory && set_memory(options->memory, config, err) < 0) ||
	    (options->cpus && set_cpus(options->cpus, config, err) < 0) ||
	    (options->pids_limit && set_pids(options->pids_limit, config, err) < 0))
		return -1;
	return 0;
}
