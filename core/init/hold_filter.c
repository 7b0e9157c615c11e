// SPDX-License-Identifier: Apache-2.0
// Runs in: init after pivot_root.
#include "core/init/hold_filter.h"

#include <errno.h>
#include <linux/net.h>
#include <seccomp.h>

#include "core/base/str.h"

/* Names, since the header of libseccomp may be older than a call.  Unknown names are skipped. */
static const char *const calls[] = {
	"poll",	     "ppoll",	    "ppoll_time64", "accept4",	       "sendmsg",
	"recvmsg",   "close",	    "exit_group",   "restart_syscall", "rt_sigreturn",
	"sigreturn", "sigaltstack", /* the sanitizers ask for it before each _exit() */
};

/* The same calls on architectures where the C library makes them by socketcall(2). */
static const unsigned int socket_calls[] = { SYS_ACCEPT4, SYS_SENDMSG, SYS_RECVMSG };

static int allow_loop(scmp_filter_ctx filter)
{
	int socketcall = seccomp_syscall_resolve_name("socketcall");
	int result = 0;

	for (size_t i = 0; i < ARRAY_SIZE(calls) && result == 0; i++) {
		int call = seccomp_syscall_resolve_name(calls[i]);

		if (call != __NR_SCMP_ERROR)
			result = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 0, NULL);
	}
	/* A negative number is that of another architecture, whose calls libseccomp translates. */
	for (size_t i = 0; i < ARRAY_SIZE(socket_calls) && socketcall >= 0 && result == 0; i++) {
		const struct scmp_arg_cmp compare = { .op = SCMP_CMP_EQ,
						      .datum_a = socket_calls[i] };

		result = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, socketcall, 1, &compare);
	}
	return result;
}

int hold_filter_load(struct error *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	int result;

	if (!filter)
		return error_set(err, ENOMEM, "make the filter of the holder");
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
	/* The kernel's errno; without this libseccomp returns ECANCELED for every failure. */
	seccomp_attr_set(filter, SCMP_FLTATR_API_SYSRAWRC, 1);
	result = allow_loop(filter);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	return result < 0 ? error_set(err, -result, "load the filter of the holder") : 0;
}
