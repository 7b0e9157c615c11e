// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/seccomp/seccomp_start.h"

#include <errno.h>

#include "core/base/str.h"

static bool names_call(const struct config_seccomp_rule *rule, const char *call)
{
	for (size_t i = 0; i < rule->names.count; i++)
		if (str_equal(rule->names.items[i], call))
			return true;
	return false;
}

/* As in libseccomp a rule without comparisons overrides the rules that have some. */
static int action_of(const struct config_seccomp *seccomp, const char *call)
{
	int action = seccomp->default_action;

	for (size_t i = 0; i < seccomp->syscalls.count; i++) {
		const struct config_seccomp_rule *rule = &seccomp->syscalls.items[i];

		if (!names_call(rule, call))
			continue;
		if (rule->args.count == 0)
			return rule->action;
		action = CONFIG_SECCOMP_ALLOW;
	}
	return action;
}

static bool kills(int action)
{
	return action == CONFIG_SECCOMP_KILL || action == CONFIG_SECCOMP_KILL_PROCESS ||
	       action == CONFIG_SECCOMP_KILL_THREAD || action == CONFIG_SECCOMP_TRAP;
}

static bool refuses_call(const struct config_seccomp *seccomp, const char *call)
{
	int action = action_of(seccomp, call);

	return kills(action) || action == CONFIG_SECCOMP_ERRNO;
}

/*
 * If init can report the refusal of execve itself, it does so: that is how a profile is tried out.
 */
int seccomp_check_start(const struct config_seccomp *seccomp, struct error *err)
{
	if (kills(action_of(seccomp, "execve")))
		return error_set(err, 0,
				 "linux.seccomp: the profile kills a process that calls execve, "
				 "which starts the program");
	if (refuses_call(seccomp, "execve") &&
	    (refuses_call(seccomp, "sendmsg") || refuses_call(seccomp, "exit_group")))
		return error_set(err, EPERM,
				 "linux.seccomp: the profile refuses execve, which starts the "
				 "program");
	return 0;
}

bool seccomp_allows(const struct config_seccomp *seccomp, const char *call)
{
	int action = seccomp ? action_of(seccomp, call) : CONFIG_SECCOMP_ALLOW;

	return action == CONFIG_SECCOMP_ALLOW || action == CONFIG_SECCOMP_LOG;
}
