// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/parent/pid1.h"

#include <linux/sched.h>

#include "core/seccomp/seccomp_start.h"

/* Said wherever process 1 is what a config can't have. */
#define WITHOUT_ONE                                                        \
	"--init=false, or the annotation org.urun.init=false, starts the " \
	"program without a process 1"

static int check_scheduler(const struct config_process *process, struct error *err)
{
	const struct config_scheduler *scheduler = process ? process->scheduler : NULL;

	if (!scheduler || (scheduler->policy != CONFIG_SCHED_DEADLINE &&
			   !(scheduler->flags & SCHED_FLAG_RESET_ON_FORK)))
		return 0;
	error_set(err, 0,
		  "process.scheduler: SCHED_DEADLINE and SCHED_FLAG_RESET_ON_FORK hold for process "
		  "1 of the container, and not for the program, which is its child");
	return error_hint(err, WITHOUT_ONE);
}

int pid1_check(const struct container_config *config, const struct ending *ending,
	       struct error *err)
{
	const char *refused;

	if (!ending->init)
		return 0;
	if (error_gather(err, check_scheduler(config->process, err)) < 0)
		return -1;
	refused = seccomp_refused_of_pid1(config->linux->seccomp);
	if (!refused)
		return 0;
	error_set(err, 0,
		  "linux.seccomp: the profile refuses %s, which process 1 of the container calls",
		  refused);
	return error_hint(err, WITHOUT_ONE);
}
