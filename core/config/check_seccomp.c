// SPDX-License-Identifier: Apache-2.0
#include "core/base/str.h"
#include "core/config/check.h"
#include "core/config/check_value.h"

/* Only these two actions carry a number.  Source: seccomp(2). */
static bool takes_errno(int action)
{
	return action == CONFIG_SECCOMP_ERRNO || action == CONFIG_SECCOMP_TRACE;
}

static int check_syscall_names(const struct config_seccomp_rule *rule, size_t i, struct error *err)
{
	if (rule->names.count == 0)
		return error_set(err, 0, "linux.seccomp.syscalls[%zu].names: must not be empty", i);
	for (size_t j = 0; j < rule->names.count; j++)
		if (rule->names.items[j][0] == '\0')
			return error_set(err, 0, "linux.seccomp.syscalls[%zu].names[%zu]: is empty",
					 i, j);
	return 0;
}

static int check_syscall_rule(const struct config_seccomp *seccomp, size_t i, struct error *err)
{
	const struct config_seccomp_rule *rule = &seccomp->syscalls.items[i];

	if (check_syscall_names(rule, i, err) < 0)
		return -1;
	if (rule->errno_ret.set && !takes_errno(rule->action))
		return error_set(
			err, 0,
			"linux.seccomp.syscalls[%zu].errnoRet: only SCMP_ACT_ERRNO and SCMP_ACT_TRACE have one",
			i);
	if (rule->action == CONFIG_SECCOMP_NOTIFY && !seccomp->listener_path)
		return error_set(
			err, 0,
			"linux.seccomp.syscalls[%zu].action: SCMP_ACT_NOTIFY needs linux.seccomp.listenerPath",
			i);
	/* Engines write 0 where there is no second value. */
	for (size_t j = 0; j < rule->args.count; j++)
		if (rule->args.items[j].value_two.value &&
		    rule->args.items[j].op != CONFIG_SECCOMP_MASKED_EQ)
			return error_set(
				err, 0,
				"linux.seccomp.syscalls[%zu].args[%zu].valueTwo: only SCMP_CMP_MASKED_EQ has one",
				i, j);
	return 0;
}

int config_check_seccomp(const struct config_seccomp *seccomp, struct error *err)
{
	/*
	 * The last system calls of init before execve would wait for the listener, which doesn't
	 * have the filter's descriptor yet.
	 */
	if (seccomp->default_action == CONFIG_SECCOMP_NOTIFY)
		return error_set(
			err, 0,
			"linux.seccomp.defaultAction: SCMP_ACT_NOTIFY can't be the default");
	if (seccomp->default_errno_ret.set && !takes_errno(seccomp->default_action))
		return error_set(
			err, 0,
			"linux.seccomp.defaultErrnoRet: only SCMP_ACT_ERRNO and SCMP_ACT_TRACE have one");
	if (seccomp->listener_path &&
	    check_absolute(seccomp->listener_path, "linux.seccomp.listenerPath", err) < 0)
		return -1;
	if (seccomp->listener_metadata && !seccomp->listener_path)
		return error_set(
			err, 0, "linux.seccomp.listenerMetadata: needs linux.seccomp.listenerPath");
	for (size_t i = 0; i < seccomp->syscalls.count; i++)
		if (error_gather(err, check_syscall_rule(seccomp, i, err)) < 0)
			return -1;
	return 0;
}
