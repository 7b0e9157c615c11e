// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/seccomp/seccomp_default.h"

#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <sys/socket.h>

#include "core/base/str.h"
#include "core/config/change.h"

/*
 * The lists were compared with the default profiles of containers-common (podman) and moby (Docker)
 * of June 2026.  For each difference the reason follows.
 *
 * Refused here in every container, allowed by them in some:
 *   bpf, perf_event_open, open_by_handle_at, acct, reboot, vhangup, quotactl, quotactl_fd, iopl,
 *   ioperm, lookup_dcookie, init_module, finit_module, delete_module, query_module,
 *   clock_settime, settimeofday, stime:
 *     They allow these in a container that has the capability.  The kernel asks for the capability
 *     in the host's user namespace, where a container of urun has none.  So the call would fail
 *     anyway, and its code in the kernel could only be attacked.
 *   adjtimex, clock_adjtime: they set the host's clock; clock_gettime reads it.
 *   fanotify_init, fanotify_mark: inotify does what an unprivileged program may do.
 *   lsm_get_self_attr, lsm_set_self_attr, lsm_list_modules:
 *     moby demands CAP_SYS_ADMIN, containers-common doesn't list them.  C libraries don't use them.
 *   mbind, get_mempolicy, set_mempolicy, set_mempolicy_home_node:
 *     moby demands CAP_SYS_NICE.  Only the host should decide on which node memory is placed.
 *   keyctl: containers-common allows it, moby doesn't.  Keyrings have had many security faults.
 *   syslog: moby demands CAP_SYSLOG.  If the sysctl kernel.dmesg_restrict is 0, the call reads the
 *     host's kernel log.
 *   clone and unshare with new namespaces, clone3, setns:
 *     moby demands CAP_SYS_ADMIN, containers-common allows them.  A new user namespace is the first
 *     step of most exploits of the kernel.  Their lists don't have CLONE_NEWTIME, which makes a new
 *     namespace like the other flags.
 *   socket with any but five families, socketpair with any but AF_UNIX:
 *     moby refuses AF_ALG and AF_VSOCK, containers-common AF_VSOCK.  See add_families().
 *   socketcall: see add_socketcall().
 *
 * Allowed here and by moby, refused by containers-common:
 *   cachestat, io_pgetevents, vmsplice, map_shadow_stack, mseal, riscv_hwprobe, listmount,
 *   statmount, the calls that end in xattrat:
 *     Each does no more than an older call that both allow, or reaches only the caller's own memory
 *     and mounts.
 *
 * Allowed here in every container, allowed by them in a container that has the capability:
 *   chroot, sethostname, setdomainname, kcmp and process_madvise in both; mount, umount and their
 *   successors and pidfd_getfd in moby, which doesn't list pivot_root:
 *     The capability itself is enough here, as the kernel asks for it in the container's own user
 *     namespace.  So --cap-add needs no other filter.
 *
 * Answered in another way:
 *   socket(AF_NETLINK, …, NETLINK_AUDIT): containers-common answers EINVAL without
 *     CAP_AUDIT_WRITE.  Outside of the host's user namespace the kernel answers ECONNREFUSED by
 *     itself, which programs take as "no audit".
 *   Calls that no list names: ENOSYS, so that C libraries use an older call; clone3 is one of
 *   these,
 *     so that C libraries use clone.  containers-common does the same; moby answers EPERM to calls
 *     that it doesn't know.
 *   Calls that are refused by name or by an argument: EPERM, as the kernel answers without the
 *     capability, and as programs such as Chromium's sandbox expect.  The others do the same.
 *
 * Each list has one reason.  A name that the host's libseccomp doesn't know, or that the
 * architecture doesn't have, is skipped when the profile is compiled.
 */
static const char *const files[] = {
	/* Files: their permissions decide what the process may open. */
	"access",
	"chdir",
	"chmod",
	"chown",
	"chown32",
	"close",
	"close_range",
	"copy_file_range",
	"creat",
	"dup",
	"dup2",
	"dup3",
	"faccessat",
	"faccessat2",
	"fadvise64",
	"fadvise64_64",
	"fallocate",
	"fchdir",
	"fchmod",
	"fchmodat",
	"fchmodat2",
	"fchown",
	"fchown32",
	"fchownat",
	"fcntl",
	"fcntl64",
	"fdatasync",
	"fgetxattr",
	"flistxattr",
	"flock",
	"fremovexattr",
	"fsetxattr",
	"fstat",
	"fstat64",
	"fstatat64",
	"fstatfs",
	"fstatfs64",
	"fsync",
	"ftruncate",
	"ftruncate64",
	"futimesat",
	"getcwd",
	"getdents",
	"getdents64",
	"getxattr",
	"getxattrat",
	"lchown",
	"lchown32",
	"lgetxattr",
	"link",
	"linkat",
	"listxattr",
	"listxattrat",
	"llistxattr",
	"_llseek",
	"lremovexattr",
	"lseek",
	"lsetxattr",
	"lstat",
	"lstat64",
	"mkdir",
	"mkdirat",
	"mknod",
	"mknodat",
	"name_to_handle_at",
	"newfstatat",
	"open",
	"openat",
	"openat2",
	"pread64",
	"preadv",
	"preadv2",
	"pwrite64",
	"pwritev",
	"pwritev2",
	"read",
	"readahead",
	"readlink",
	"readlinkat",
	"readv",
	"removexattr",
	"removexattrat",
	"rename",
	"renameat",
	"renameat2",
	"rmdir",
	"sendfile",
	"sendfile64",
	"setxattr",
	"setxattrat",
	"splice",
	"stat",
	"stat64",
	"statfs",
	"statfs64",
	"statx",
	"symlink",
	"symlinkat",
	"sync",
	"sync_file_range",
	"sync_file_range2",
	"syncfs",
	"tee",
	"truncate",
	"truncate64",
	"umask",
	"unlink",
	"unlinkat",
	"utime",
	"utimensat",
	"utimensat_time64",
	"utimes",
	"vmsplice",
	"write",
	"writev",
	"cachestat",
	"arm_sync_file_range",
	"arm_fadvise64_64",
};

static const char *const waiting[] = {
	/* Waiting for events of descriptors and of files. */
	"epoll_create",
	"epoll_create1",
	"epoll_ctl",
	"epoll_ctl_old",
	"epoll_pwait",
	"epoll_pwait2",
	"epoll_wait",
	"epoll_wait_old",
	"eventfd",
	"eventfd2",
	"inotify_add_watch",
	"inotify_init",
	"inotify_init1",
	"inotify_rm_watch",
	"ioctl",
	"io_cancel",
	"io_destroy",
	"io_getevents",
	"io_pgetevents",
	"io_pgetevents_time64",
	"io_setup",
	"io_submit",
	"_newselect",
	"pipe",
	"pipe2",
	"poll",
	"ppoll",
	"ppoll_time64",
	"pselect6",
	"pselect6_time64",
	"select",
	"signalfd",
	"signalfd4",
	"timerfd_create",
	"timerfd_gettime",
	"timerfd_gettime64",
	"timerfd_settime",
	"timerfd_settime64",
};

static const char *const memory[] = {
	/* The process's own memory. */
	"brk",
	"madvise",
	"map_shadow_stack",
	"membarrier",
	"memfd_create",
	"memfd_secret",
	"mincore",
	"mlock",
	"mlock2",
	"mlockall",
	"mmap",
	"mmap2",
	"mprotect",
	"mremap",
	"mseal",
	"msync",
	"munlock",
	"munlockall",
	"munmap",
	"pkey_alloc",
	"pkey_free",
	"pkey_mprotect",
	"process_mrelease",
	"remap_file_pages",
};

static const char *const processes[] = {
	/* The container's processes and threads, their ids, limits and scheduling. */
	"alarm",
	"arch_prctl",
	"capget",
	"capset",
	"execve",
	"execveat",
	"exit",
	"exit_group",
	"fork",
	"futex",
	"futex_requeue",
	"futex_time64",
	"futex_wait",
	"futex_waitv",
	"futex_wake",
	"getcpu",
	"getegid",
	"getegid32",
	"geteuid",
	"geteuid32",
	"getgid",
	"getgid32",
	"getgroups",
	"getgroups32",
	"getitimer",
	"getpgid",
	"getpgrp",
	"getpid",
	"getppid",
	"getpriority",
	"getresgid",
	"getresgid32",
	"getresuid",
	"getresuid32",
	"getrlimit",
	"get_robust_list",
	"getrusage",
	"getsid",
	"get_thread_area",
	"gettid",
	"getuid",
	"getuid32",
	"ioprio_get",
	"ioprio_set",
	"kill",
	"landlock_add_rule",
	"landlock_create_ruleset",
	"landlock_restrict_self",
	"modify_ldt",
	"nanosleep",
	"pause",
	"pidfd_open",
	"pidfd_send_signal",
	"prctl",
	"prlimit64",
	"restart_syscall",
	"riscv_flush_icache",
	"riscv_hwprobe",
	"rseq",
	"rt_sigaction",
	"rt_sigpending",
	"rt_sigprocmask",
	"rt_sigqueueinfo",
	"rt_sigreturn",
	"rt_sigsuspend",
	"rt_sigtimedwait",
	"rt_sigtimedwait_time64",
	"rt_tgsigqueueinfo",
	"sched_getaffinity",
	"sched_getattr",
	"sched_getparam",
	"sched_get_priority_max",
	"sched_get_priority_min",
	"sched_getscheduler",
	"sched_rr_get_interval",
	"sched_rr_get_interval_time64",
	"sched_setaffinity",
	"sched_setattr",
	"sched_setparam",
	"sched_setscheduler",
	"sched_yield",
	"seccomp",
	"setfsgid",
	"setfsgid32",
	"setfsuid",
	"setfsuid32",
	"setgid",
	"setgid32",
	"setgroups",
	"setgroups32",
	"setitimer",
	"setpgid",
	"setpriority",
	"setregid",
	"setregid32",
	"setresgid",
	"setresgid32",
	"setresuid",
	"setresuid32",
	"setreuid",
	"setreuid32",
	"setrlimit",
	"set_robust_list",
	"setsid",
	"set_thread_area",
	"set_tid_address",
	"setuid",
	"setuid32",
	"sigaltstack",
	"sigprocmask",
	"sigreturn",
	"signal",
	"swapcontext",
	"tgkill",
	"tkill",
	"ugetrlimit",
	/*
	 * The kernel inserts this call into a process that the host probes, which would else crash.
	 */
	"uretprobe",
	"vfork",
	"wait4",
	"waitid",
	"waitpid",
	"arm_fadvise64_64",
	"breakpoint",
	"cacheflush",
	"set_tls",
	"s390_pci_mmio_read",
	"s390_pci_mmio_write",
	"s390_runtime_instr",
};

static const char *const clocks[] = {
	/* Reading clocks and timers.  Setting a clock is left to the host. */
	"clock_getres",	   "clock_getres_time64",    "clock_gettime",	 "clock_gettime64",
	"clock_nanosleep", "clock_nanosleep_time64", "gettimeofday",	 "time",
	"timer_create",	   "timer_delete",	     "timer_getoverrun", "timer_gettime",
	"timer_gettime64", "timer_settime",	     "timer_settime64",	 "times",
};

static const char *const talking[] = {
	/* Sockets in the container's network namespace; System V and POSIX IPC of the container. */
	"accept",
	"accept4",
	"bind",
	"connect",
	"getpeername",
	"getsockname",
	"getsockopt",
	"ipc",
	"listen",
	"mq_getsetattr",
	"mq_notify",
	"mq_open",
	"mq_timedreceive",
	"mq_timedreceive_time64",
	"mq_timedsend",
	"mq_timedsend_time64",
	"mq_unlink",
	"msgctl",
	"msgget",
	"msgrcv",
	"msgsnd",
	"recv",
	"recvfrom",
	"recvmmsg",
	"recvmmsg_time64",
	"recvmsg",
	"semctl",
	"semget",
	"semop",
	"semtimedop",
	"semtimedop_time64",
	"send",
	"sendmmsg",
	"sendmsg",
	"sendto",
	"setsockopt",
	"shmat",
	"shmctl",
	"shmdt",
	"shmget",
	"shutdown",
};

static const char *const machine[] = {
	/* Names and properties of the machine. */
	"getrandom",
	"sysinfo",
	"uname",
};

/* All these need a capability in the container's own user namespace, which decides. */
static const char *const with_capabilities[] = {
	"chroot",
	"fsconfig",
	"fsmount",
	"fsopen",
	"fspick",
	"mount",
	"mount_setattr",
	"move_mount",
	"open_tree",
	"pivot_root",
	"setdomainname",
	"sethostname",
	"umount",
	"umount2",
	"ptrace",
	"process_vm_readv",
	"process_vm_writev",
	"kcmp",
	"pidfd_getfd",
	"process_madvise",
	"listmount",
	"statmount",
};

/*
 * Known calls that are refused with EPERM, for the reasons above.  Calls that no kernel has any
 * more, or that one rare architecture has, get the default action.
 */
static const char *const refused[] = {
	"acct",
	"add_key",
	"adjtimex",
	"bpf",
	"clock_adjtime",
	"clock_adjtime64",
	"clock_settime",
	"clock_settime64",
	"create_module",
	"delete_module",
	"fanotify_init",
	"fanotify_mark",
	"finit_module",
	"get_kernel_syms",
	"get_mempolicy",
	"init_module",
	"io_uring_enter",
	"io_uring_register",
	"io_uring_setup",
	"ioperm",
	"iopl",
	"kexec_file_load",
	"kexec_load",
	"keyctl",
	"lookup_dcookie",
	"lsm_get_self_attr",
	"lsm_list_modules",
	"lsm_set_self_attr",
	"mbind",
	"migrate_pages",
	"move_pages",
	"nfsservctl",
	"open_by_handle_at",
	"pciconfig_iobase",
	"pciconfig_read",
	"pciconfig_write",
	"perf_event_open",
	"query_module",
	"quotactl",
	"quotactl_fd",
	"reboot",
	"request_key",
	"set_mempolicy",
	"set_mempolicy_home_node",
	"setns",
	"settimeofday",
	"stime",
	"swapoff",
	"swapon",
	"_sysctl",
	"sysfs",
	"syslog",
	"uselib",
	"userfaultfd",
	"ustat",
	"vhangup",
	"vm86",
	"vm86old",
};

struct call_group {
	const char *const *names;
	size_t count;
};
#define GROUP(list)                    \
	{                              \
		list, ARRAY_SIZE(list) \
	}

static const struct call_group groups[] = {
	GROUP(files),  GROUP(waiting), GROUP(memory),  GROUP(processes),
	GROUP(clocks), GROUP(talking), GROUP(machine), GROUP(with_capabilities),
};

static struct config_seccomp_rule *add_default_rule(struct arena *arena,
						    struct config_seccomp *seccomp, int action)
{
	struct config_seccomp_rule *rule;

	seccomp->syscalls.items =
		arena_grow(arena, seccomp->syscalls.items, seccomp->syscalls.count, sizeof(*rule));
	rule = &seccomp->syscalls.items[seccomp->syscalls.count++];
	*rule = (struct config_seccomp_rule){ .action = action };
	return rule;
}

/* @action is ALLOW, or ERRNO with EPERM; it holds if the comparison of argument @index is true. */
static void add_condition(struct arena *arena, struct config_seccomp *seccomp, int action,
			  const char *name, uint64_t index, int op, uint64_t value,
			  uint64_t value_two)
{
	struct config_seccomp_rule *rule = add_default_rule(arena, seccomp, action);

	if (action == CONFIG_SECCOMP_ERRNO)
		rule->errno_ret = (struct opt_u64){ true, EPERM };
	config_list_add(arena, &rule->names, name);
	rule->args.items = arena_alloc(arena, sizeof(*rule->args.items));
	rule->args.count = 1;
	rule->args.items[0] = (struct config_seccomp_arg){ .index = { true, index },
							   .value = { true, value },
							   .value_two = { true, value_two },
							   .op = op };
}

static void allow_call_where(struct arena *arena, struct config_seccomp *seccomp, const char *name,
			     uint64_t index, int op, uint64_t value, uint64_t value_two)
{
	add_condition(arena, seccomp, CONFIG_SECCOMP_ALLOW, name, index, op, value, value_two);
}

static void refuse_call_where(struct arena *arena, struct config_seccomp *seccomp, const char *name,
			      uint64_t index, int op, uint64_t value, uint64_t value_two)
{
	add_condition(arena, seccomp, CONFIG_SECCOMP_ERRNO, name, index, op, value, value_two);
}

/* The flags that make a new namespace. */
#define NEW_NAMESPACES                                                                             \
	(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | \
	 CLONE_NEWCGROUP)
/* CLONE_NEWTIME, in unshare(2) only: in clone(2) this bit is a part of the exit signal. */
#define NEW_TIME_NAMESPACE 0x80

/* On s390 the flags are the second argument.  Source: clone(2), "C library/kernel differences". */
#ifdef __s390__
#define CLONE_FLAGS_INDEX 1
#else
#define CLONE_FLAGS_INDEX 0
#endif

/* The machine runs 32-bit programs too: the same rules hold for them. */
static const int architectures[] = {
#if defined(__x86_64__)
	CONFIG_ARCH_X86_64,
	CONFIG_ARCH_X86,
	CONFIG_ARCH_X32,
#elif defined(__aarch64__)
	CONFIG_ARCH_AARCH64,
	CONFIG_ARCH_ARM,
#endif
	-1,
};

/*
 * Allows the call if none of @bits is set; otherwise it fails with EPERM.  No two conditions with
 * different actions can be true for the same argument, as libseccomp doesn't document which one
 * would count.
 */
static void allow_without_bits(struct arena *arena, struct config_seccomp *seccomp,
			       const char *name, uint64_t index, uint64_t bits)
{
	allow_call_where(arena, seccomp, name, index, CONFIG_SECCOMP_MASKED_EQ, bits, 0);
	for (uint64_t bit = 1; bit && bit <= bits; bit <<= 1)
		if (bits & bit)
			refuse_call_where(arena, seccomp, name, index, CONFIG_SECCOMP_MASKED_EQ,
					  bit, bit);
}

/*
 * Allows five socket families.  The code of other families is used by few programs and has been
 * attacked often (AF_ALG: CVE-2026-31431), or network namespaces don't separate the family
 * (AF_VSOCK reaches the host and its virtual machines).
 */
static void add_families(struct arena *arena, struct config_seccomp *seccomp)
{
	static const uint64_t families[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET };
	uint64_t next = 0;

	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		for (; next < families[i]; next++)
			refuse_call_where(arena, seccomp, "socket", 0, CONFIG_SECCOMP_EQ, next, 0);
		allow_call_where(arena, seccomp, "socket", 0, CONFIG_SECCOMP_EQ, next++, 0);
	}
	refuse_call_where(arena, seccomp, "socket", 0, CONFIG_SECCOMP_GE, next, 0);
	/* Among these families only AF_UNIX has pairs; AF_TIPC, which is refused, has pairs too. */
	allow_call_where(arena, seccomp, "socketpair", 0, CONFIG_SECCOMP_EQ, AF_UNIX, 0);
	refuse_call_where(arena, seccomp, "socketpair", 0, CONFIG_SECCOMP_NE, AF_UNIX, 0);
}

/*
 * Allows PER_LINUX and PER_LINUX32, each with or without UNAME26: the values whose bits are all in
 * @free_bits.  0xffffffff is allowed too, which asks for the present personality.  All other values
 * must be refused, by conditions that fit none of the allowed values.  Such a value has
 *   - some of @other_bits set, but not all: then, in the ring of the other bits, somewhere a set
 *     bit stands next to one that isn't set, which one of the comparisons in the loop finds;
 *   - or all of @other_bits set, and one of @free_bits not set.
 */
static void add_personalities(struct arena *arena, struct config_seccomp *seccomp)
{
	static const uint64_t allowed[] = { 0x0, 0x8, 0x20000, 0x20008, 0xffffffff };
	const uint64_t free_bits = 0x20008, other_bits = 0xffffffff & ~free_bits;
	uint64_t last = UINT64_C(1) << 31;

	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
		allow_call_where(arena, seccomp, "personality", 0, CONFIG_SECCOMP_EQ, allowed[i],
				 0);
	for (uint64_t bit = 1; bit <= UINT64_C(1) << 31; bit <<= 1) {
		if (bit & free_bits) {
			refuse_call_where(arena, seccomp, "personality", 0,
					  CONFIG_SECCOMP_MASKED_EQ, other_bits | bit, other_bits);
			continue;
		}
		refuse_call_where(arena, seccomp, "personality", 0, CONFIG_SECCOMP_MASKED_EQ,
				  bit | last, last);
		last = bit;
	}
	/*
	 * The kernel ignores the upper 32 bits, but a filter sees them: (long)-1 has all bits set.
	 */
	refuse_call_where(arena, seccomp, "personality", 0, CONFIG_SECCOMP_GT, 0xffffffff, 0);
}

/*
 * socketcall(2) is one system call for all socket functions.  Its arguments are in memory, where a
 * filter can't read the family: to allow socketcall is to allow sockets of every family.
 *
 * x86_64 has the call for 32-bit programs only.  There it isn't enough to leave its name out of the
 * lists: for each rule of `socket`, `bind` and so on libseccomp adds a rule for socketcall, without
 * the condition.  An explicit rule for the whole call overrides the rules that libseccomp adds.
 * Its errno must differ from that of the default action, since libseccomp refuses a rule that does
 * what the default action does.
 *
 * The price: 32-bit programs get EPERM if their C library makes sockets by socketcall, as Debian's
 * for i386 does.  moby refused the call in May 2026, allowed it again for these programs, and
 * leaves AF_ALG to AppArmor and SELinux.  A rootless container can't rely on a profile that root
 * has loaded.
 *
 * On i386 and s390x the C library makes all sockets of native programs by socketcall, so it must be
 * allowed there.
 */
static void add_socketcall(struct arena *arena, struct config_seccomp *seccomp)
{
#if defined(__i386__) || defined(__s390__)
	struct config_seccomp_rule *rule = add_default_rule(arena, seccomp, CONFIG_SECCOMP_ALLOW);
#else
	struct config_seccomp_rule *rule = add_default_rule(arena, seccomp, CONFIG_SECCOMP_ERRNO);

	rule->errno_ret = (struct opt_u64){ true, EPERM };
#endif
	config_list_add(arena, &rule->names, "socketcall");
}

/* Allocates the list once, as it has hundreds of names. */
static void allow_groups(struct arena *arena, struct config_seccomp_rule *rule)
{
	size_t total = 0;

	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		total += groups[i].count;
	rule->names.items = arena_alloc(arena, total * sizeof(char *));
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		for (size_t k = 0; k < groups[i].count; k++)
			rule->names.items[rule->names.count++] =
				arena_str(arena, groups[i].names[k]);
}

void seccomp_default(struct arena *arena, struct config_seccomp **ret_seccomp)
{
	struct config_seccomp *seccomp = arena_alloc(arena, sizeof(*seccomp));
	struct config_seccomp_rule *rule;

	seccomp->default_action = CONFIG_SECCOMP_ERRNO;
	seccomp->default_errno_ret = (struct opt_u64){ true, ENOSYS };
	seccomp->architectures.items = arena_alloc(arena, sizeof(architectures));
	for (size_t i = 0; architectures[i] >= 0; i++)
		seccomp->architectures.items[seccomp->architectures.count++] = architectures[i];
	allow_groups(arena, add_default_rule(arena, seccomp, CONFIG_SECCOMP_ALLOW));
	/*
	 * ORDER: before the rules of `socket`: the rules that libseccomp adds for socketcall from
	 * these would contradict each other.
	 */
	add_socketcall(arena, seccomp);
	add_families(arena, seccomp);
	add_personalities(arena, seccomp);
	/*
	 * Without clone3: a filter can't read its flags, which are in memory.  Programs use clone.
	 */
	allow_without_bits(arena, seccomp, "clone", CLONE_FLAGS_INDEX, NEW_NAMESPACES);
	allow_without_bits(arena, seccomp, "unshare", 0, NEW_NAMESPACES | NEW_TIME_NAMESPACE);
	rule = add_default_rule(arena, seccomp, CONFIG_SECCOMP_ERRNO);
	rule->errno_ret = (struct opt_u64){ true, EPERM };
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		config_list_add(arena, &rule->names, refused[i]);
	*ret_seccomp = seccomp;
}
