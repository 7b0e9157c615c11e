// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-image.
#include "core/unpack/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "core/base/str.h"

/*
 * Flags of clone(2) that make namespaces: with one of them a process would have all capabilities.
 */
#define NEW_NAMESPACES                                                                             \
	(CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | \
	 CLONE_NEWCGROUP)

/* The flags are the first argument of clone(2), and on s390 the second. */
#if defined(__s390__)
#define CLONE_FLAGS_ARGUMENT 1
#else
#define CLONE_FLAGS_ARGUMENT 0
#endif

/* Names, since the header of libseccomp may be older than a call.  Unknown names are skipped. */
static const char *const always[] = {
	/* files: their bytes */
	"read",
	"readv",
	"pread64",
	"write",
	"writev",
	"pwrite64",
	"lseek",
	"_llseek",
	"ftruncate",
	"ftruncate64",
	"fallocate",
	"fadvise64",
	"fadvise64_64",
	"copy_file_range",
	"sendfile",
	"sendfile64",
	"fsync",
	"fdatasync",
	"syncfs",
	"sync_file_range",
	"flock",
	/* files: names; the root directory and the mounts say what can be reached */
	"open",
	"openat",
	"openat2",
	"close",
	"close_range",
	"pipe",
	"pipe2",
	"dup",
	"dup2",
	"dup3",
	"mkdir",
	"mkdirat",
	"rmdir",
	"unlink",
	"unlinkat",
	"rename",
	"renameat",
	"renameat2",
	"link",
	"linkat",
	"symlink",
	"symlinkat",
	"readlink",
	"readlinkat",
	"getdents",
	"getdents64",
	"chdir",
	"fchdir",
	"getcwd",
	"umask",
	"access",
	"faccessat",
	"faccessat2",
	/* files: what is known of them */
	"stat",
	"stat64",
	"lstat",
	"lstat64",
	"fstat",
	"fstat64",
	"newfstatat",
	"fstatat64",
	"statx",
	"statfs",
	"statfs64",
	"fstatfs",
	"fstatfs64",
	"chmod",
	"fchmod",
	"fchmodat",
	"fchmodat2",
	"chown",
	"lchown",
	"fchown",
	"fchownat",
	"utimensat",
	"utimensat_time64",
	"setxattr",
	"lsetxattr",
	"fsetxattr",
	"setxattrat",
	"getxattr",
	"lgetxattr",
	"fgetxattr",
	"getxattrat",
	"listxattr",
	"llistxattr",
	"flistxattr",
	"listxattrat",
	"removexattr",
	"lremovexattr",
	"fremovexattr",
	"removexattrat",
	/* own processes, one for each layer */
	"fork",
	"vfork",
	"wait4",
	"waitid",
	"waitpid",
	"exit",
	"exit_group",
	"getpid",
	"getppid",
	"gettid",
	"set_robust_list",
	"set_tid_address",
	"rseq",
	"getuid",
	"getuid32",
	"geteuid",
	"geteuid32",
	"getgid",
	"getgid32",
	"getegid",
	"getegid32",
	"sched_getaffinity",
	"sched_yield",
	/* waiting, and the time */
	"poll",
	"ppoll",
	"ppoll_time64",
	"clock_gettime",
	"clock_gettime64",
	"gettimeofday",
	"time",
	"restart_syscall",
	"rt_sigaction",
	"rt_sigprocmask",
	"rt_sigreturn",
	"sigaltstack", /* the sanitizers ask for it before each _exit() */
	/* memory */
	"brk",
	"munmap",
	"mremap",
	"madvise",
	"futex",
	"futex_time64",
	"getrandom",
};

/* A call that is allowed if its argument @index equals @value in the bits of @mask. */
struct condition {
	const char *call;
	unsigned int index;
	uint64_t mask; /* 0: all bits */
	uint64_t value;
};

static const struct condition sometimes[] = {
	{ "mmap", 2, PROT_EXEC, 0 },
	{ "mmap2", 2, PROT_EXEC, 0 },
	{ "mprotect", 2, PROT_EXEC, 0 },
	{ "clone", CLONE_FLAGS_ARGUMENT, NEW_NAMESPACES, 0 },
	/* the whiteout, FIFOs and sockets have the device number 0:0 */
	{ "mknod", 2, 0, 0 },
	{ "mknodat", 3, 0, 0 },
	/* of the process itself: another one of the same uid could be ended by a limit */
	{ "prlimit64", 0, 0, 0 },
	{ "prctl", 0, 0, PR_SET_NAME },
	{ "prctl", 0, 0, PR_SET_VMA },
	{ "fcntl", 1, 0, F_GETFD },
	{ "fcntl", 1, 0, F_SETFD },
	{ "fcntl", 1, 0, F_GETFL },
	{ "fcntl", 1, 0, F_SETFL },
	{ "fcntl", 1, 0, F_DUPFD_CLOEXEC },
	{ "fcntl64", 1, 0, F_GETFD },
	{ "fcntl64", 1, 0, F_SETFD },
	{ "fcntl64", 1, 0, F_GETFL },
	{ "fcntl64", 1, 0, F_SETFL },
	{ "fcntl64", 1, 0, F_DUPFD_CLOEXEC },
};

static int allow_call(scmp_filter_ctx filter, const char *name, unsigned int count,
		      const struct scmp_arg_cmp *compare)
{
	int call = seccomp_syscall_resolve_name(name);

	if (call == __NR_SCMP_ERROR)
		return 0;
	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, count, compare);
}

static int allow_all(scmp_filter_ctx filter)
{
	int result = 0;

	for (size_t i = 0; i < ARRAY_SIZE(always) && result == 0; i++)
		result = allow_call(filter, always[i], 0, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(sometimes) && result == 0; i++) {
		const struct condition *condition = &sometimes[i];
		const struct scmp_arg_cmp compare = {
			.arg = condition->index,
			.op = condition->mask ? SCMP_CMP_MASKED_EQ : SCMP_CMP_EQ,
			.datum_a = condition->mask ? condition->mask : condition->value,
			.datum_b = condition->value,
		};

		result = allow_call(filter, condition->call, 1, &compare);
	}
	return result;
}

int calls_restrict(struct error *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	int result;

	if (!filter)
		return error_set(err, ENOMEM, "make the filter of system calls");
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
	/* The kernel's errno; without this libseccomp returns ECANCELED for every failure. */
	seccomp_attr_set(filter, SCMP_FLTATR_API_SYSRAWRC, 1);
	/* A tree of calls instead of a list: unpacking makes many calls for each file. */
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	result = allow_all(filter);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	return result < 0 ? error_set(err, -result, "load the filter of system calls") : 0;
}
