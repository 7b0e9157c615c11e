// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "core/base/number.h"
#include "core/base/str.h"
#include "core/config/check.h"
#include "core/config/check_value.h"
#include "core/config/rlimit.h"

#define PATH_ROOM 128
/* Above all that a kernel can be built for; what this machine has is not the config's matter. */
#define CPU_MAX 65535

static int check_rlimit(const struct config_process *process, size_t i, const char *path,
			struct error *err)
{
	const struct config_rlimit *rlimit = &process->rlimits.items[i];

	if (config_rlimit_resource(rlimit->type) < 0)
		return error_set(err, 0,
				 "%srlimits[%zu].type: \"%s\" is no resource limit of Linux", path,
				 i, rlimit->type);
	for (size_t j = 0; j < i; j++)
		if (str_equal(process->rlimits.items[j].type, rlimit->type))
			return error_set(
				err, 0, "%srlimits[%zu].type: %s was given before, in rlimits[%zu]",
				path, i, rlimit->type, j);
	if (rlimit->soft.value > rlimit->hard.value)
		return error_set(err, 0, "%srlimits[%zu].soft: above the hard limit of %s", path, i,
				 rlimit->type);
	return 0;
}

/* "0-3,7".  Source: cpuset(7), list format. */
static bool is_cpu_list(const char *text)
{
	autofree char *copy = str_dup(text);
	char *rest = copy;
	char *range;

	while ((range = strsep(&rest, ","))) {
		char *dash = strchr(range, '-');
		uint32_t first, last;

		if (dash)
			*dash++ = '\0';
		if (number_parse_u32(range, CPU_MAX, &first) < 0 ||
		    number_parse_u32(dash ? dash : range, CPU_MAX, &last) < 0 || first > last)
			return false;
	}
	return true;
}

static int check_cpu_list(const char *text, const char *path, const char *name, struct error *err)
{
	if (text && !is_cpu_list(text))
		return error_set(err, 0,
				 "%sexecCPUAffinity.%s: \"%s\" isn't a list of CPUs such as 0-3,7",
				 path, name, text);
	return 0;
}

int config_check_process(const struct config_process *process, const char *path, struct error *err)
{
	char at[PATH_ROOM];

	if (process->args.count == 0 &&
	    error_gather(err, error_set(err, 0, "%sargs: must not be empty", path)) < 0)
		return -1;
	snprintf(at, sizeof(at), "%sargs", path);
	if (check_string_lengths(&process->args, at, err) < 0)
		return -1;
	snprintf(at, sizeof(at), "%scwd", path);
	if (error_gather(err, check_absolute(process->cwd, at, err)) < 0)
		return -1;
	snprintf(at, sizeof(at), "%senv", path);
	if (check_env(&process->env, at, err) < 0)
		return -1;
	for (size_t i = 0; i < process->rlimits.count; i++)
		if (error_gather(err, check_rlimit(process, i, path, err)) < 0)
			return -1;
	if (!process->exec_cpu_affinity)
		return 0;
	if (error_gather(err, check_cpu_list(process->exec_cpu_affinity->initial, path, "initial",
					     err)) < 0)
		return -1;
	return check_cpu_list(process->exec_cpu_affinity->final, path, "final", err);
}
