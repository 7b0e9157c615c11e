// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>

#include "core/config/check.h"
#include "core/config/check_value.h"
#include "core/config/shapes.h"

#define PATH_ROOM 128

static int check_rlimit(const struct config_process *process, size_t i, const char *path,
			struct error *err)
{
	const struct config_rlimit *rlimit = &process->rlimits.items[i];

	for (size_t j = 0; j < i; j++)
		if (process->rlimits.items[j].type == rlimit->type)
			return error_set(
				err, 0, "%srlimits[%zu].type: %s was given before, in rlimits[%zu]",
				path, i, config_rlimit_types[rlimit->type], j);
	if (rlimit->soft.value > rlimit->hard.value)
		return error_set(
			err, 0, "%srlimits[%zu].soft: the soft limit is above the hard limit of %s",
			path, i, config_rlimit_types[rlimit->type]);
	return 0;
}

int config_no_program(const char *name, struct error *err)
{
	error_set(err, ENOENT, "executable file `%s` not found in $PATH", name);
	if (str_equal(name, "--"))
		return error_hint(err, "leave the -- out");
	return name[0] == '-' ? error_hint(err, "options stand before the image or the id") : -1;
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
	if (process->scheduler && process->scheduler->policy == CONFIG_SCHED_ISO)
		return error_set(err, 0, "%sscheduler.policy: Linux has no SCHED_ISO", path);
	return 0;
}
