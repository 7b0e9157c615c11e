// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "rootless/userns_caller.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "rootless/host_check.h"

/*
 * The inode of the initial user namespace, the same on every host.
 * Source: linux/proc_ns.h, PROC_USER_INIT_INO.
 */
#define USERNS_INITIAL_INODE 0xEFFFFFFDu

bool userns_is_initial(void)
{
	struct stat status;

	return stat("/proc/self/ns/user", &status) == 0 && status.st_ino == USERNS_INITIAL_INODE;
}

int userns_caller_read(const struct host *host, struct userns_caller *ret_caller, struct error *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	struct stat status;

	if (stat("/proc/self/ns/user", &status) < 0) {
		int errnum = errno;

		error_set(err, errnum, "look at own user namespace /proc/self/ns/user");
		return host_explain_userns_failure(host, errnum, err);
	}
	if (syscall(SYS_capget, &header, data) < 0)
		return error_set(err, errno, "read own capabilities");
	*ret_caller = (struct userns_caller){
		.host = *host,
		.uid = geteuid(),
		.gid = getegid(),
		.initial = status.st_ino == USERNS_INITIAL_INODE,
		.caps = (uint64_t)data[1].effective << 32 | data[0].effective,
	};
	return 0;
}

bool userns_caller_can_map(const struct userns_caller *caller)
{
	const uint64_t needed = (1ull << CAP_SETUID) | (1ull << CAP_SETGID);

	return (caller->caps & needed) == needed;
}

bool userns_caller_has_on_host(const struct userns_caller *caller, int capability)
{
	return caller->initial && (caller->caps & (1ull << capability));
}

bool userns_caller_is_host_root(const struct userns_caller *caller)
{
	return caller->uid == 0 && userns_caller_has_on_host(caller, CAP_SYS_ADMIN) &&
	       userns_caller_has_on_host(caller, CAP_NET_ADMIN);
}

bool userns_caller_allows_setgroups(const struct userns_caller *caller)
{
	char line[16];

	/* Kernels before 3.19 have neither the file nor the denial. */
	return caller->initial ||
	       host_read_line(&caller->host, "/proc/self/setgroups", line, sizeof(line)) < 0 ||
	       strcmp(line, "deny") != 0;
}
