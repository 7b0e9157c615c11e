// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-slirp, urun-port, urun-bypass.
#include "netns/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "core/base/str.h"

/* Linux 6.6 */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif

/* A call that is allowed if its argument @index equals @value in the bits of @mask. */
struct condition {
	int call;
	unsigned int index;
	uint64_t mask; /* 0: all bits */
	uint64_t value;
};

static const int always[] = {
	/* the tap device and the sockets */
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(pread64),
	SCMP_SYS(close),
	SCMP_SYS(connect),
	SCMP_SYS(bind),
	SCMP_SYS(send),
	SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
	SCMP_SYS(recv),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(shutdown),
	/* the control sockets, and connections to published ports */
	SCMP_SYS(accept4),
	SCMP_SYS(setsockopt),
	SCMP_SYS(getsockopt),
	SCMP_SYS(getsockname),
	SCMP_SYS(getpeername),
	/* waiting, and the time */
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_gettime64),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigprocmask),
	/* /etc/resolv.conf */
	SCMP_SYS(stat),
	SCMP_SYS(stat64),
	SCMP_SYS(fstat),
	SCMP_SYS(fstat64),
	SCMP_SYS(newfstatat),
	SCMP_SYS(fstatat64),
	SCMP_SYS(statx),
	SCMP_SYS(lseek),
	SCMP_SYS(_llseek),
	/* memory */
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(futex),
	SCMP_SYS(getrandom),
	/* the end */
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
};

static const struct condition sometimes[] = {
	{ SCMP_SYS(socket), 0, 0, AF_INET },
	{ SCMP_SYS(socket), 0, 0, AF_INET6 },
	{ SCMP_SYS(open), 1, O_ACCMODE | O_CREAT, O_RDONLY },
	{ SCMP_SYS(openat), 2, O_ACCMODE | O_CREAT, O_RDONLY },
	{ SCMP_SYS(mmap), 2, PROT_EXEC, 0 },
	{ SCMP_SYS(mmap2), 2, PROT_EXEC, 0 },
	{ SCMP_SYS(mprotect), 2, PROT_EXEC, 0 },
	{ SCMP_SYS(fcntl), 1, 0, F_GETFL },
	{ SCMP_SYS(fcntl), 1, 0, F_SETFL },
	{ SCMP_SYS(fcntl), 1, 0, F_GETFD },
	{ SCMP_SYS(fcntl), 1, 0, F_SETFD },
	{ SCMP_SYS(fcntl64), 1, 0, F_GETFL },
	{ SCMP_SYS(fcntl64), 1, 0, F_SETFL },
	{ SCMP_SYS(fcntl64), 1, 0, F_GETFD },
	{ SCMP_SYS(fcntl64), 1, 0, F_SETFD },
	{ SCMP_SYS(ioctl), 1, 0, FIONREAD },
	{ SCMP_SYS(ioctl), 1, 0, FIONBIO },
	/* the index of an interface, for a DNS server with a link-local address */
	{ SCMP_SYS(ioctl), 1, 0, SIOCGIFINDEX },
};

/*
 * urun-slirp and urun-resolv write the container's resolv.conf; urun-slirp writes libslirp's too.
 */
static const int writes_resolv[] = {
	SCMP_SYS(pwrite64),
	SCMP_SYS(ftruncate),
	SCMP_SYS(ftruncate64),
};

/* Sets the times of an open file only: the path, argument 1, must be NULL. */
static const struct condition dates_resolv[] = {
	{ SCMP_SYS(utimensat), 1, 0, 0 },
	{ SCMP_SYS(utimensat_time64), 1, 0, 0 },
};

/* System calls that only urun-resolv makes, which watches the host's resolv.conf. */
static const int always_of_resolv[] = {
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	SCMP_SYS(inotify_init1),
	SCMP_SYS(inotify_add_watch),
};

/*
 * System calls that only urun-port makes: it moves bytes between sockets and accepts connections.
 */
static const int always_of_port[] = {
	SCMP_SYS(splice),
	SCMP_SYS(pipe2),
};

static const struct condition sometimes_of_port[] = {
	{ SCMP_SYS(ioctl), 1, 0, SIOCOUTQ },
	{ SCMP_SYS(fcntl), 1, 0, F_SETPIPE_SZ },
	{ SCMP_SYS(fcntl64), 1, 0, F_SETPIPE_SZ },
};

/*
 * System calls that only urun-bypass makes: it answers the calls of others, and looks at what they mean.
 */
static const int always_of_bypass[] = {
	SCMP_SYS(listen),	    SCMP_SYS(pidfd_open), SCMP_SYS(pidfd_getfd), SCMP_SYS(getpid),
	SCMP_SYS(process_vm_readv), SCMP_SYS(getdents64), SCMP_SYS(kcmp),
};

static const struct condition sometimes_of_bypass[] = {
	{ SCMP_SYS(ioctl), 1, 0, SECCOMP_IOCTL_NOTIF_RECV },
	{ SCMP_SYS(ioctl), 1, 0, SECCOMP_IOCTL_NOTIF_SEND },
	{ SCMP_SYS(ioctl), 1, 0, SECCOMP_IOCTL_NOTIF_ID_VALID },
	{ SCMP_SYS(ioctl), 1, 0, SECCOMP_IOCTL_NOTIF_ADDFD },
	{ SCMP_SYS(ioctl), 1, 0, SECCOMP_IOCTL_NOTIF_SET_FLAGS },
	{ SCMP_SYS(fcntl), 1, 0, F_GETOWN_EX },
	{ SCMP_SYS(fcntl), 1, 0, F_GETSIG },
	{ SCMP_SYS(fcntl64), 1, 0, F_GETOWN_EX },
	{ SCMP_SYS(fcntl64), 1, 0, F_GETSIG },
};

static int allow_calls(scmp_filter_ctx filter, const int *calls, size_t count)
{
	int result = 0;

	for (size_t i = 0; i < count && result == 0; i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	return result;
}

static int allow_calls_where(scmp_filter_ctx filter, const struct condition *conditions,
			     size_t count)
{
	int result = 0;

	for (size_t i = 0; i < count && result == 0; i++) {
		const struct condition *condition = &conditions[i];
		struct scmp_arg_cmp compare = {
			.arg = condition->index,
			.op = condition->mask ? SCMP_CMP_MASKED_EQ : SCMP_CMP_EQ,
			.datum_a = condition->mask ? condition->mask : condition->value,
			.datum_b = condition->value,
		};

		result = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, condition->call, 1,
						&compare);
	}
	return result;
}

static int allow_calls_of(scmp_filter_ctx filter, enum sandbox_kind kind)
{
	int result = allow_calls(filter, always, ARRAY_SIZE(always));

	if (result == 0)
		result = allow_calls_where(filter, sometimes, ARRAY_SIZE(sometimes));
	if (result == 0 && kind == SANDBOX_RESOLV)
		result = allow_calls(filter, always_of_resolv, ARRAY_SIZE(always_of_resolv));
	if (result == 0 && kind == SANDBOX_BYPASS)
		result = allow_calls(filter, always_of_bypass, ARRAY_SIZE(always_of_bypass));
	if (result == 0 && kind == SANDBOX_BYPASS)
		result = allow_calls_where(filter, sometimes_of_bypass,
					   ARRAY_SIZE(sometimes_of_bypass));
	if (result == 0 && (kind == SANDBOX_SLIRP || kind == SANDBOX_RESOLV))
		result = allow_calls(filter, writes_resolv, ARRAY_SIZE(writes_resolv));
	if (result == 0 && (kind == SANDBOX_SLIRP || kind == SANDBOX_RESOLV))
		result = allow_calls_where(filter, dates_resolv, ARRAY_SIZE(dates_resolv));
	if (result == 0 && kind == SANDBOX_PORT)
		result = allow_calls(filter, always_of_port, ARRAY_SIZE(always_of_port));
	if (result == 0 && kind == SANDBOX_PORT)
		result =
			allow_calls_where(filter, sometimes_of_port, ARRAY_SIZE(sometimes_of_port));
	return result;
}

int filter_system_calls(enum sandbox_kind kind, struct error *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	int result;

	if (!filter)
		return error_set(err, ENOMEM, "make the filter of system calls");
	/* libseccomp would set no_new_privs itself, but report a failure of that as EFAULT. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		result = errno;
		seccomp_release(filter);
		return error_set(err, result, "set no_new_privs");
	}
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
	/*
	 * Return the kernel's errno; without this libseccomp returns ECANCELED for every failure.
	 */
	seccomp_attr_set(filter, SCMP_FLTATR_API_SYSRAWRC, 1);
	result = allow_calls_of(filter, kind);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	return result < 0 ? error_set(err, -result, "load the filter of system calls") : 0;
}
