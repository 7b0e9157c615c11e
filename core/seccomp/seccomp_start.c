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
	/* The C library then executes an instruction that crashes, or calls again without end. */
	if (refuses_call(seccomp, "exit_group") && refuses_call(seccomp, "exit"))
		return error_set(err, 0,
				 "linux.seccomp: the profile refuses exit_group and exit, without "
				 "which no program can end");
	return 0;
}

const char *seccomp_refused_of_start(const struct config_seccomp *seccomp)
{
	static const char *const calls[] = {
#if defined(__x86_64__)
		"arch_prctl",
#endif
		"brk",
		"mmap",
		"mprotect",
		"exit_group",
	};

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (refuses_call(seccomp, calls[i]))
			return calls[i];
	return NULL;
}

bool seccomp_allows(const struct config_seccomp *seccomp, const char *call)
{
	int action = seccomp ? action_of(seccomp, call) : CONFIG_SECCOMP_ALLOW;

	return action == CONFIG_SECCOMP_ALLOW || action == CONFIG_SECCOMP_LOG;
}

const char *seccomp_refused_of_pid1(const struct config_seccomp *seccomp)
{
	static const char *const calls[] = {
		/* core/init/pid1.c */
		"clone",
		"read",
		"write",
		"setpgid",
		"rt_sigprocmask",
		"close",
		"execveat",
		/* core/pid1/pid1.c */
		"rt_sigtimedwait",
		"rt_sigqueueinfo",
		"waitid",
		"kill",
		"ioctl",
		"clock_gettime",
		"exit_group",
	};

	for (size_t i = 0; seccomp && i < ARRAY_SIZE(calls); i++)
		if (refuses_call(seccomp, calls[i]))
			return calls[i];
	return NULL;
}
