// SPDX-License-Identifier: Apache-2.0
// Runs in: the process that becomes fuse-overlayfs.
#include "rootless/overlay_filter.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <unistd.h>

#include "core/base/str.h"

/* The flags of clone(2) are the first argument, and on s390 the second. */
#if defined(__s390__)
#define CLONE_FLAGS_ARGUMENT 1
#else
#define CLONE_FLAGS_ARGUMENT 0
#endif

/* Names, since the header of libseccomp may be older than a call.  Unknown names are skipped. */
static const char *const refused[] = {
	/* mounts: the covers and the read-only marks stay */
	"mount",
	"umount",
	"umount2",
	"pivot_root",
	"chroot",
	"move_mount",
	"open_tree",
	"open_tree_attr",
	"fsopen",
	"fsconfig",
	"fsmount",
	"fspick",
	"mount_setattr",
	/* new namespaces, in which the process would have all capabilities again */
	"setns",
	"unshare",
	/* other processes of the caller, which have the same uid */
	"ptrace",
	"process_vm_readv",
	"process_vm_writev",
	"process_madvise",
	"process_mrelease",
	"kcmp",
	"pidfd_open",
	"pidfd_getfd",
	"pidfd_send_signal",
	"tkill",
	"rt_sigqueueinfo",
	"rt_tgsigqueueinfo",
	"move_pages",
	"migrate_pages",
	"get_robust_list",
	"setpriority",
	"ioprio_set",
	"sched_setscheduler",
	"sched_setparam",
	"sched_setattr",
	"shmget",
	"shmat",
	"shmctl",
	"msgget",
	"msgsnd",
	"msgrcv",
	"msgctl",
	"semget",
	"semop",
	"semtimedop",
	"semctl",
	"ipc",
	"mq_open",
	"mq_unlink",
	/* opens a file by its inode, so the covers don't count */
	"open_by_handle_at",
	/* the network, and the sockets of the host's daemons */
	"socket",
	"socketpair",
	"connect",
	"bind",
	"listen",
	"accept",
	"accept4",
	"socketcall",
	/* large parts of the kernel that no file server needs */
	"bpf",
	"perf_event_open",
	"userfaultfd",
	"io_uring_setup",
	"io_uring_enter",
	"io_uring_register",
	"add_key",
	"request_key",
	"keyctl",
	"fanotify_init",
	"quotactl",
	"quotactl_fd",
	"init_module",
	"finit_module",
	"delete_module",
	"kexec_load",
	"kexec_file_load",
	"reboot",
	"swapon",
	"swapoff",
	"acct",
	"syslog",
	"personality",
	"modify_ldt",
	"iopl",
	"ioperm",
	"vhangup",
	"uselib",
	"lookup_dcookie",
	"nfsservctl",
	"settimeofday",
	"clock_settime",
	"clock_adjtime",
	"adjtimex",
	"sethostname",
	"setdomainname",
};

static const unsigned long namespace_flags[] = {
	CLONE_NEWNS,  CLONE_NEWUSER, CLONE_NEWPID,    CLONE_NEWNET,
	CLONE_NEWIPC, CLONE_NEWUTS,  CLONE_NEWCGROUP,
};

static int refuse_call(scmp_filter_ctx filter, const char *name)
{
	int call = seccomp_syscall_resolve_name(name);
	int result;

	if (call == __NR_SCMP_ERROR)
		return 0;
	result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 0);
	/* This architecture doesn't have the call. */
	return result == -EDOM || result == -EFAULT ? 0 : result;
}

static int refuse_unless(scmp_filter_ctx filter, int call, uint64_t first_argument)
{
	const struct scmp_arg_cmp other = {
		.arg = 0,
		.op = SCMP_CMP_NE,
		.datum_a = first_argument,
	};

	return seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), call, 1, &other);
}

static int refuse_namespaces(scmp_filter_ctx filter)
{
	int result = 0;

	for (size_t i = 0; i < ARRAY_SIZE(namespace_flags) && result == 0; i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
					  SCMP_CMP(CLONE_FLAGS_ARGUMENT, SCMP_CMP_MASKED_EQ,
						   namespace_flags[i], namespace_flags[i]));
	/*
	 * The flags of clone3 are in memory, where no filter can see them.  C libraries use
	 * clone(2) after ENOSYS.
	 */
	return result < 0 ? result
			  : seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

/* A rule for a number of 32 bits: the kernel ignores the upper half of the register. */
static int ignore_where(scmp_filter_ctx filter, int call, unsigned int argument, uint32_t value)
{
	const struct scmp_arg_cmp same = {
		.arg = argument,
		.op = SCMP_CMP_MASKED_EQ,
		.datum_a = UINT32_MAX,
		.datum_b = value,
	};
	int result = seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(0), call, 1, &same);

	/* This architecture doesn't have the call. */
	return result == -EDOM || result == -EFAULT ? 0 : result;
}

static int ignore_changes_of_owner(scmp_filter_ctx filter, const struct overlay_owners *owners)
{
	static const struct {
		const char *name;
		unsigned int uid; /* the argument; the gid is the next one */
	} calls[] = {
		{ "chown", 1 },	   { "fchown", 1 },   { "lchown", 1 },	 { "chown32", 1 },
		{ "fchown32", 1 }, { "lchown32", 1 }, { "fchownat", 2 },
	};
	int result = 0;

	for (size_t i = 0; i < ARRAY_SIZE(calls) && result == 0; i++) {
		int call = seccomp_syscall_resolve_name(calls[i].name);

		if (call == __NR_SCMP_ERROR)
			continue;
		result = ignore_where(filter, call, calls[i].uid, owners->uid);
		if (result == 0)
			result = ignore_where(filter, call, calls[i].uid + 1, owners->gid);
	}
	return result;
}

static int add_overlay_rules(scmp_filter_ctx filter, const struct overlay_owners *owners)
{
	uint64_t self = (uint64_t)getpid();
	int result = 0;

	for (size_t i = 0; i < ARRAY_SIZE(refused) && result == 0; i++)
		result = refuse_call(filter, refused[i]);
	if (result == 0)
		result = refuse_namespaces(filter);
	if (result == 0 && owners->are_kept_out)
		result = ignore_changes_of_owner(filter, owners);
	/*
	 * abort(3) and pthread_kill(3) send signals to the own process; setrlimit(3) calls
	 * prlimit64(0).
	 */
	if (result == 0)
		result = refuse_unless(filter, SCMP_SYS(kill), self);
	if (result == 0)
		result = refuse_unless(filter, SCMP_SYS(tgkill), self);
	if (result == 0)
		result = refuse_unless(filter, SCMP_SYS(prlimit64), 0);
	return result;
}

int overlay_filter_load(const struct overlay_owners *owners, struct error *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int result;

	if (!filter)
		return error_set(err, ENOMEM, "make the filter of system calls");
	/* The caller has set no_new_privs.  libseccomp would report its failure as EFAULT. */
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
	/* Return the kernel's errno; libseccomp's default is ECANCELED for every failure. */
	seccomp_attr_set(filter, SCMP_FLTATR_API_SYSRAWRC, 1);
	result = add_overlay_rules(filter, owners);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	return result < 0 ? error_set(err, -result, "load the filter of system calls") : 0;
}
