// SPDX-License-Identifier: Apache-2.0
#include "core/config/shapes.h"

#include <stddef.h>
#include <sys/resource.h>

#include "core/base/str.h"
#include "core/config/config.h"

/*
 * A table for each struct, in the spec's order.  Source: OCI runtime-spec 1.3, config.md and
 * config-linux.md.  Where a number has narrower bounds than its Go type there, the kernel sets the
 * bounds, and the man page is named.
 */

/* (uint32_t)-1 is "no id" to the kernel: user_namespaces(7). */
#define ID_MAX	 (UINT32_MAX - 1)
#define MODE_MAX 0777
/* struct winsize: ioctl_tty(2). */
#define WINDOW_MAX UINT16_MAX
/* The kernel's MAX_ERRNO: the highest number that a seccomp filter can return. */
#define ERRNO_MAX 4095
/* The kernel has 12 bits for the major number and 20 for the minor: makedev(3). */
#define MAJOR_MAX	 4095
#define MINOR_MAX	 1048575
#define BLOCK_WEIGHT_MAX 1000
/* Above what any kernel can be built for.  How many CPUs the machine has is checked elsewhere. */
#define CPU_MAX 65535

#define NO_CPUS	 "isn't a list of CPUs such as 0-3,7"
#define NO_NODES "isn't a list of nodes such as 0-3,7"

#define SHAPE(name, struct_type, fields_) \
	const struct json_shape name = JSON_SHAPE(struct_type, fields_)

#define AT(struct_type, member) .offset = offsetof(struct_type, member)

/* By the kernel's numbers: capabilities(7). */
const char *const config_capability_names[CONFIG_CAPABILITY_COUNT + 1] = {
	[CAP_CHOWN] = "CAP_CHOWN",
	[CAP_DAC_OVERRIDE] = "CAP_DAC_OVERRIDE",
	[CAP_DAC_READ_SEARCH] = "CAP_DAC_READ_SEARCH",
	[CAP_FOWNER] = "CAP_FOWNER",
	[CAP_FSETID] = "CAP_FSETID",
	[CAP_KILL] = "CAP_KILL",
	[CAP_SETGID] = "CAP_SETGID",
	[CAP_SETUID] = "CAP_SETUID",
	[CAP_SETPCAP] = "CAP_SETPCAP",
	[CAP_LINUX_IMMUTABLE] = "CAP_LINUX_IMMUTABLE",
	[CAP_NET_BIND_SERVICE] = "CAP_NET_BIND_SERVICE",
	[CAP_NET_BROADCAST] = "CAP_NET_BROADCAST",
	[CAP_NET_ADMIN] = "CAP_NET_ADMIN",
	[CAP_NET_RAW] = "CAP_NET_RAW",
	[CAP_IPC_LOCK] = "CAP_IPC_LOCK",
	[CAP_IPC_OWNER] = "CAP_IPC_OWNER",
	[CAP_SYS_MODULE] = "CAP_SYS_MODULE",
	[CAP_SYS_RAWIO] = "CAP_SYS_RAWIO",
	[CAP_SYS_CHROOT] = "CAP_SYS_CHROOT",
	[CAP_SYS_PTRACE] = "CAP_SYS_PTRACE",
	[CAP_SYS_PACCT] = "CAP_SYS_PACCT",
	[CAP_SYS_ADMIN] = "CAP_SYS_ADMIN",
	[CAP_SYS_BOOT] = "CAP_SYS_BOOT",
	[CAP_SYS_NICE] = "CAP_SYS_NICE",
	[CAP_SYS_RESOURCE] = "CAP_SYS_RESOURCE",
	[CAP_SYS_TIME] = "CAP_SYS_TIME",
	[CAP_SYS_TTY_CONFIG] = "CAP_SYS_TTY_CONFIG",
	[CAP_MKNOD] = "CAP_MKNOD",
	[CAP_LEASE] = "CAP_LEASE",
	[CAP_AUDIT_WRITE] = "CAP_AUDIT_WRITE",
	[CAP_AUDIT_CONTROL] = "CAP_AUDIT_CONTROL",
	[CAP_SETFCAP] = "CAP_SETFCAP",
	[CAP_MAC_OVERRIDE] = "CAP_MAC_OVERRIDE",
	[CAP_MAC_ADMIN] = "CAP_MAC_ADMIN",
	[CAP_SYSLOG] = "CAP_SYSLOG",
	[CAP_WAKE_ALARM] = "CAP_WAKE_ALARM",
	[CAP_BLOCK_SUSPEND] = "CAP_BLOCK_SUSPEND",
	[CAP_AUDIT_READ] = "CAP_AUDIT_READ",
	[CAP_PERFMON] = "CAP_PERFMON",
	[CAP_BPF] = "CAP_BPF",
	[CAP_CHECKPOINT_RESTORE] = "CAP_CHECKPOINT_RESTORE",
};

/* By the kernel's numbers, which have no gaps: getrlimit(2). */
const char *const config_rlimit_types[] = {
	[RLIMIT_AS] = "RLIMIT_AS",
	[RLIMIT_CORE] = "RLIMIT_CORE",
	[RLIMIT_CPU] = "RLIMIT_CPU",
	[RLIMIT_DATA] = "RLIMIT_DATA",
	[RLIMIT_FSIZE] = "RLIMIT_FSIZE",
	[RLIMIT_LOCKS] = "RLIMIT_LOCKS",
	[RLIMIT_MEMLOCK] = "RLIMIT_MEMLOCK",
	[RLIMIT_MSGQUEUE] = "RLIMIT_MSGQUEUE",
	[RLIMIT_NICE] = "RLIMIT_NICE",
	[RLIMIT_NOFILE] = "RLIMIT_NOFILE",
	[RLIMIT_NPROC] = "RLIMIT_NPROC",
	[RLIMIT_RSS] = "RLIMIT_RSS",
	[RLIMIT_RTPRIO] = "RLIMIT_RTPRIO",
	[RLIMIT_RTTIME] = "RLIMIT_RTTIME",
	[RLIMIT_SIGPENDING] = "RLIMIT_SIGPENDING",
	[RLIMIT_STACK] = "RLIMIT_STACK",
	[RLIM_NLIMITS] = NULL,
};

const char *const config_io_classes[] = {
	[CONFIG_IO_RT] = "IOPRIO_CLASS_RT",
	[CONFIG_IO_BE] = "IOPRIO_CLASS_BE",
	[CONFIG_IO_IDLE] = "IOPRIO_CLASS_IDLE",
	NULL,
};

const char *const config_sched_policies[] = {
	[CONFIG_SCHED_OTHER] = "SCHED_OTHER",
	[CONFIG_SCHED_FIFO] = "SCHED_FIFO",
	[CONFIG_SCHED_RR] = "SCHED_RR",
	[CONFIG_SCHED_BATCH] = "SCHED_BATCH",
	[CONFIG_SCHED_ISO] = "SCHED_ISO",
	[CONFIG_SCHED_IDLE] = "SCHED_IDLE",
	[CONFIG_SCHED_DEADLINE] = "SCHED_DEADLINE",
	NULL,
};

/* In the order of the kernel's bits: linux/sched.h. */
static const char *const sched_flags[] = {
	"SCHED_FLAG_RESET_ON_FORK",  "SCHED_FLAG_RECLAIM",
	"SCHED_FLAG_DL_OVERRUN",     "SCHED_FLAG_KEEP_POLICY",
	"SCHED_FLAG_KEEP_PARAMS",    "SCHED_FLAG_UTIL_CLAMP_MIN",
	"SCHED_FLAG_UTIL_CLAMP_MAX", NULL,
};

const char *const config_memory_modes[] = {
	[CONFIG_MEMORY_DEFAULT] = "MPOL_DEFAULT",
	[CONFIG_MEMORY_PREFERRED] = "MPOL_PREFERRED",
	[CONFIG_MEMORY_BIND] = "MPOL_BIND",
	[CONFIG_MEMORY_INTERLEAVE] = "MPOL_INTERLEAVE",
	[CONFIG_MEMORY_LOCAL] = "MPOL_LOCAL",
	[CONFIG_MEMORY_PREFERRED_MANY] = "MPOL_PREFERRED_MANY",
	[CONFIG_MEMORY_WEIGHTED_INTERLEAVE] = "MPOL_WEIGHTED_INTERLEAVE",
	NULL,
};

const char *const config_memory_flags[] = {
	[CONFIG_MEMORY_NUMA_BALANCING] = "MPOL_F_NUMA_BALANCING",
	[CONFIG_MEMORY_RELATIVE_NODES] = "MPOL_F_RELATIVE_NODES",
	[CONFIG_MEMORY_STATIC_NODES] = "MPOL_F_STATIC_NODES",
	NULL,
};

const char *const config_personality_domains[] = {
	[CONFIG_PERSONALITY_LINUX] = "LINUX",
	[CONFIG_PERSONALITY_LINUX32] = "LINUX32",
	NULL,
};

const char *const config_device_types[] = {
	[CONFIG_DEVICE_CHAR] = "c",
	[CONFIG_DEVICE_BLOCK] = "b",
	[CONFIG_DEVICE_UNBUFFERED] = "u",
	[CONFIG_DEVICE_FIFO] = "p",
	NULL,
};

static const char *const device_rule_types[] = {
	[CONFIG_RULE_ALL] = "a",
	[CONFIG_RULE_CHAR] = "c",
	[CONFIG_RULE_BLOCK] = "b",
	NULL,
};

const char *const config_namespace_types[] = {
	[CONFIG_NS_PID] = "pid",       [CONFIG_NS_NETWORK] = "network", [CONFIG_NS_MOUNT] = "mount",
	[CONFIG_NS_IPC] = "ipc",       [CONFIG_NS_UTS] = "uts",		[CONFIG_NS_USER] = "user",
	[CONFIG_NS_CGROUP] = "cgroup", [CONFIG_NS_TIME] = "time",	[CONFIG_NS_COUNT] = NULL,
};

const char *const config_seccomp_actions[] = {
	"SCMP_ACT_KILL",	"SCMP_ACT_KILL_PROCESS",
	"SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP",
	"SCMP_ACT_ERRNO",	"SCMP_ACT_TRACE",
	"SCMP_ACT_ALLOW",	"SCMP_ACT_LOG",
	"SCMP_ACT_NOTIFY",	NULL,
};

const char *const config_seccomp_architectures[] = {
	[CONFIG_ARCH_X86] = "SCMP_ARCH_X86",
	[CONFIG_ARCH_X86_64] = "SCMP_ARCH_X86_64",
	[CONFIG_ARCH_X32] = "SCMP_ARCH_X32",
	[CONFIG_ARCH_ARM] = "SCMP_ARCH_ARM",
	[CONFIG_ARCH_AARCH64] = "SCMP_ARCH_AARCH64",
	[CONFIG_ARCH_MIPS] = "SCMP_ARCH_MIPS",
	[CONFIG_ARCH_MIPS64] = "SCMP_ARCH_MIPS64",
	[CONFIG_ARCH_MIPS64N32] = "SCMP_ARCH_MIPS64N32",
	[CONFIG_ARCH_MIPSEL] = "SCMP_ARCH_MIPSEL",
	[CONFIG_ARCH_MIPSEL64] = "SCMP_ARCH_MIPSEL64",
	[CONFIG_ARCH_MIPSEL64N32] = "SCMP_ARCH_MIPSEL64N32",
	[CONFIG_ARCH_PPC] = "SCMP_ARCH_PPC",
	[CONFIG_ARCH_PPC64] = "SCMP_ARCH_PPC64",
	[CONFIG_ARCH_PPC64LE] = "SCMP_ARCH_PPC64LE",
	[CONFIG_ARCH_S390] = "SCMP_ARCH_S390",
	[CONFIG_ARCH_S390X] = "SCMP_ARCH_S390X",
	[CONFIG_ARCH_PARISC] = "SCMP_ARCH_PARISC",
	[CONFIG_ARCH_PARISC64] = "SCMP_ARCH_PARISC64",
	[CONFIG_ARCH_RISCV64] = "SCMP_ARCH_RISCV64",
	[CONFIG_ARCH_LOONGARCH64] = "SCMP_ARCH_LOONGARCH64",
	[CONFIG_ARCH_M68K] = "SCMP_ARCH_M68K",
	[CONFIG_ARCH_SH] = "SCMP_ARCH_SH",
	[CONFIG_ARCH_SHEB] = "SCMP_ARCH_SHEB",
	NULL,
};

const char *const config_seccomp_operators[] = {
	"SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE",	    "SCMP_CMP_EQ",
	"SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ", NULL,
};

const char *const config_seccomp_flags[] = {
	"SECCOMP_FILTER_FLAG_TSYNC",
	"SECCOMP_FILTER_FLAG_LOG",
	"SECCOMP_FILTER_FLAG_SPEC_ALLOW",
	"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
	NULL,
};

static const struct json_field user_fields[] = {
	{ "uid", JSON_U64, .required = true, .max = ID_MAX, AT(struct config_user, uid) },
	{ "gid", JSON_U64, .required = true, .max = ID_MAX, AT(struct config_user, gid) },
	{ "umask", JSON_U64, .max = MODE_MAX, AT(struct config_user, umask) },
	{ "additionalGids", JSON_U32_LIST, .max = ID_MAX, AT(struct config_user, additional_gids) },
	{ "username", JSON_STRING, AT(struct config_user, username) },
};
static SHAPE(user_shape, struct config_user, user_fields);

static const struct json_field console_size_fields[] = {
	{ "height", JSON_U64, .required = true, .max = WINDOW_MAX,
	  AT(struct config_console_size, height) },
	{ "width", JSON_U64, .required = true, .max = WINDOW_MAX,
	  AT(struct config_console_size, width) },
};
static SHAPE(console_size_shape, struct config_console_size, console_size_fields);

static const struct json_field rlimit_fields[] = {
	{ "type", JSON_ENUM, .required = true, .names = config_rlimit_types,
	  .refusal = "is no resource limit of Linux", AT(struct config_rlimit, type) },
	{ "soft", JSON_U64, .required = true, AT(struct config_rlimit, soft) },
	{ "hard", JSON_U64, .required = true, AT(struct config_rlimit, hard) },
};
static SHAPE(rlimit_shape, struct config_rlimit, rlimit_fields);

#define CAPABILITY_SET(name_, member)                                                         \
	{                                                                                     \
		name_, JSON_BITS, .names = config_capability_names, .tolerant = "capability", \
				  AT(struct config_capabilities, member)                      \
	}

static const struct json_field capabilities_fields[] = {
	CAPABILITY_SET("bounding", bounding),	    CAPABILITY_SET("effective", effective),
	CAPABILITY_SET("inheritable", inheritable), CAPABILITY_SET("permitted", permitted),
	CAPABILITY_SET("ambient", ambient),
};
static SHAPE(capabilities_shape, struct config_capabilities, capabilities_fields);

/* ioprio_set(2) */
static const struct json_field io_priority_fields[] = {
	{ "class", JSON_ENUM, .required = true, .names = config_io_classes,
	  AT(struct config_io_priority, class) },
	{ "priority", JSON_I64, .min = 0, .max = 7, AT(struct config_io_priority, priority) },
};
static SHAPE(io_priority_shape, struct config_io_priority, io_priority_fields);

/* sched(7) */
static const struct json_field scheduler_fields[] = {
	{ "policy", JSON_ENUM, .required = true, .names = config_sched_policies,
	  AT(struct config_scheduler, policy) },
	{ "nice", JSON_I64, .min = -20, .max = 19, AT(struct config_scheduler, nice) },
	{ "priority", JSON_I64, .min = 0, .max = 99, AT(struct config_scheduler, priority) },
	{ "flags", JSON_BITS, .names = sched_flags, AT(struct config_scheduler, flags) },
	{ "runtime", JSON_U64, AT(struct config_scheduler, runtime) },
	{ "deadline", JSON_U64, AT(struct config_scheduler, deadline) },
	{ "period", JSON_U64, AT(struct config_scheduler, period) },
};
static SHAPE(scheduler_shape, struct config_scheduler, scheduler_fields);

static const struct json_field cpu_affinity_fields[] = {
	{ "initial", JSON_RANGES, .max = CPU_MAX, .refusal = NO_CPUS,
	  AT(struct config_cpu_affinity, initial) },
	{ "final", JSON_RANGES, .max = CPU_MAX, .refusal = NO_CPUS,
	  AT(struct config_cpu_affinity, final) },
};
static SHAPE(cpu_affinity_shape, struct config_cpu_affinity, cpu_affinity_fields);

static const struct json_field process_fields[] = {
	{ "terminal", JSON_BOOL, AT(struct config_process, terminal) },
	{ "consoleSize", JSON_OBJECT, .shape = &console_size_shape,
	  AT(struct config_process, console_size) },
	{ "user", JSON_OBJECT, .shape = &user_shape, AT(struct config_process, user) },
	{ "args", JSON_STRINGS, AT(struct config_process, args) },
	{ "env", JSON_STRINGS, AT(struct config_process, env) },
	{ "cwd", JSON_STRING, .required = true, AT(struct config_process, cwd) },
	{ "capabilities", JSON_OBJECT, .shape = &capabilities_shape,
	  AT(struct config_process, capabilities) },
	{ "rlimits", JSON_LIST, .shape = &rlimit_shape, AT(struct config_process, rlimits) },
	{ "noNewPrivileges", JSON_BOOL, AT(struct config_process, no_new_privileges) },
	{ "apparmorProfile", JSON_STRING, AT(struct config_process, apparmor_profile) },
	{ "oomScoreAdj", JSON_I64, .min = -1000, .max = 1000,
	  AT(struct config_process, oom_score_adj) },
	{ "selinuxLabel", JSON_STRING, AT(struct config_process, selinux_label) },
	{ "ioPriority", JSON_OBJECT, .shape = &io_priority_shape,
	  AT(struct config_process, io_priority) },
	{ "scheduler", JSON_OBJECT, .shape = &scheduler_shape,
	  AT(struct config_process, scheduler) },
	{ "execCPUAffinity", JSON_OBJECT, .shape = &cpu_affinity_shape,
	  AT(struct config_process, exec_cpu_affinity) },
};
SHAPE(config_process_shape, struct config_process, process_fields);

static const struct json_field root_fields[] = {
	{ "path", JSON_STRING, .required = true, AT(struct config_root, path) },
	{ "readonly", JSON_BOOL, AT(struct config_root, readonly) },
};
static SHAPE(root_shape, struct config_root, root_fields);

static const struct json_field id_mapping_fields[] = {
	{ "containerID", JSON_U64, .required = true, .max = ID_MAX,
	  AT(struct config_id_mapping, inner) },
	{ "hostID", JSON_U64, .required = true, .max = ID_MAX,
	  AT(struct config_id_mapping, outer) },
	{ "size", JSON_U64, .required = true, .max = UINT32_MAX,
	  AT(struct config_id_mapping, count) },
};
SHAPE(config_id_mapping_shape, struct config_id_mapping, id_mapping_fields);

static const struct json_field mount_fields[] = {
	{ "destination", JSON_STRING, .required = true, AT(struct config_mount, destination) },
	{ "type", JSON_STRING, AT(struct config_mount, type) },
	{ "source", JSON_STRING, AT(struct config_mount, source) },
	{ "options", JSON_WORDS, .words = &mount_options_as_words,
	  AT(struct config_mount, options) },
	{ "uidMappings", JSON_LIST, .shape = &config_id_mapping_shape,
	  AT(struct config_mount, uid_mappings) },
	{ "gidMappings", JSON_LIST, .shape = &config_id_mapping_shape,
	  AT(struct config_mount, gid_mappings) },
};
static SHAPE(mount_shape, struct config_mount, mount_fields);

static const struct json_field hook_fields[] = {
	{ "path", JSON_STRING, .required = true, AT(struct config_hook, path) },
	{ "args", JSON_STRINGS, AT(struct config_hook, args) },
	{ "env", JSON_STRINGS, AT(struct config_hook, env) },
	{ "timeout", JSON_I64, .min = 1, .max = CONFIG_HOOK_TIMEOUT_MAX,
	  AT(struct config_hook, timeout) },
};
static SHAPE(hook_shape, struct config_hook, hook_fields);

#define HOOK_LIST(kind, name_)                             \
	[kind] = { name_, JSON_LIST, .shape = &hook_shape, \
		   .offset = offsetof(struct config_hooks, lists[(kind)]) }

static const struct json_field hooks_fields[HOOK_KINDS] = {
	HOOK_LIST(HOOK_PRESTART, "prestart"),
	HOOK_LIST(HOOK_CREATE_RUNTIME, "createRuntime"),
	HOOK_LIST(HOOK_CREATE_CONTAINER, "createContainer"),
	HOOK_LIST(HOOK_START_CONTAINER, "startContainer"),
	HOOK_LIST(HOOK_POSTSTART, "poststart"),
	HOOK_LIST(HOOK_POSTSTOP, "poststop"),
};
SHAPE(config_hooks_shape, struct config_hooks, hooks_fields);

const char *config_hook_name(enum config_hook_kind kind)
{
	return hooks_fields[kind].name;
}

static const struct json_field namespace_fields[] = {
	{ "type", JSON_ENUM, .required = true, .names = config_namespace_types,
	  AT(struct config_namespace, type) },
	{ "path", JSON_STRING, AT(struct config_namespace, path) },
};
static SHAPE(namespace_shape, struct config_namespace, namespace_fields);

/* time_namespaces(7) */
static const struct json_field time_offset_fields[] = {
	{ "secs", JSON_I64, .min = INT64_MIN, AT(struct config_time_offset, secs) },
	{ "nanosecs", JSON_U64, .max = 999999999, AT(struct config_time_offset, nanosecs) },
};
static SHAPE(time_offset_shape, struct config_time_offset, time_offset_fields);

static const struct json_field net_device_fields[] = {
	{ "name", JSON_STRING, AT(struct config_net_device, name) },
};
static SHAPE(net_device_shape, struct config_net_device, net_device_fields);

/* fileMode has no bound, since engines also put the file's type into it. */
static const struct json_field device_fields[] = {
	{ "type", JSON_ENUM, .required = true, .names = config_device_types,
	  AT(struct config_device, type) },
	{ "path", JSON_STRING, .required = true, AT(struct config_device, path) },
	{ "major", JSON_I64, .min = 0, .max = MAJOR_MAX, AT(struct config_device, major) },
	{ "minor", JSON_I64, .min = 0, .max = MINOR_MAX, AT(struct config_device, minor) },
	{ "fileMode", JSON_U64, .max = UINT32_MAX, AT(struct config_device, file_mode) },
	{ "uid", JSON_U64, .max = ID_MAX, AT(struct config_device, uid) },
	{ "gid", JSON_U64, .max = ID_MAX, AT(struct config_device, gid) },
};
static SHAPE(device_shape, struct config_device, device_fields);

/* A major or minor number of -1 stands for all numbers. */
static const struct json_field device_rule_fields[] = {
	{ "allow", JSON_BOOL, .required = true, AT(struct config_device_rule, allow) },
	{ "type", JSON_ENUM, .names = device_rule_types, AT(struct config_device_rule, type) },
	{ "major", JSON_I64, .min = -1, .max = MAJOR_MAX, AT(struct config_device_rule, major) },
	{ "minor", JSON_I64, .min = -1, .max = MINOR_MAX, AT(struct config_device_rule, minor) },
	{ "access", JSON_STRING, AT(struct config_device_rule, access) },
};
static SHAPE(device_rule_shape, struct config_device_rule, device_rule_fields);

static const struct json_field memory_fields[] = {
	{ "limit", JSON_I64, .min = -1, AT(struct config_memory, limit) },
	{ "reservation", JSON_I64, .min = -1, AT(struct config_memory, reservation) },
	{ "swap", JSON_I64, .min = -1, AT(struct config_memory, swap) },
	{ "kernel", JSON_I64, .min = -1, AT(struct config_memory, kernel) },
	{ "kernelTCP", JSON_I64, .min = -1, AT(struct config_memory, kernel_tcp) },
	{ "swappiness", JSON_U64, .max = 100, AT(struct config_memory, swappiness) },
	{ "disableOOMKiller", JSON_OPT_BOOL, AT(struct config_memory, disable_oom_killer) },
	{ "useHierarchy", JSON_OPT_BOOL, AT(struct config_memory, use_hierarchy) },
	{ "checkBeforeUpdate", JSON_OPT_BOOL, AT(struct config_memory, check_before_update) },
};
static SHAPE(memory_shape, struct config_memory, memory_fields);

static const struct json_field cpu_fields[] = {
	{ "shares", JSON_U64, AT(struct config_cpu, shares) },
	{ "quota", JSON_I64, .min = -1, AT(struct config_cpu, quota) },
	{ "burst", JSON_U64, AT(struct config_cpu, burst) },
	{ "period", JSON_U64, AT(struct config_cpu, period) },
	{ "realtimeRuntime", JSON_I64, .min = -1, AT(struct config_cpu, realtime_runtime) },
	{ "realtimePeriod", JSON_U64, AT(struct config_cpu, realtime_period) },
	{ "cpus", JSON_RANGES, .max = CPU_MAX, .refusal = NO_CPUS, AT(struct config_cpu, cpus) },
	{ "mems", JSON_RANGES, .max = CONFIG_NODES_MAX - 1, .refusal = NO_NODES,
	  AT(struct config_cpu, mems) },
	{ "idle", JSON_I64, .min = 0, .max = 1, AT(struct config_cpu, idle) },
};
static SHAPE(cpu_shape, struct config_cpu, cpu_fields);

static const struct json_field pids_fields[] = {
	{ "limit", JSON_I64, .min = -1, AT(struct config_pids, limit) },
};
static SHAPE(pids_shape, struct config_pids, pids_fields);

static const struct json_field weight_device_fields[] = {
	{ "major", JSON_I64, .required = true, .max = MAJOR_MAX,
	  AT(struct config_weight_device, major) },
	{ "minor", JSON_I64, .required = true, .max = MINOR_MAX,
	  AT(struct config_weight_device, minor) },
	{ "weight", JSON_U64, .max = BLOCK_WEIGHT_MAX, AT(struct config_weight_device, weight) },
	{ "leafWeight", JSON_U64, .max = BLOCK_WEIGHT_MAX,
	  AT(struct config_weight_device, leaf_weight) },
};
static SHAPE(weight_device_shape, struct config_weight_device, weight_device_fields);

static const struct json_field throttle_device_fields[] = {
	{ "major", JSON_I64, .required = true, .max = MAJOR_MAX,
	  AT(struct config_throttle_device, major) },
	{ "minor", JSON_I64, .required = true, .max = MINOR_MAX,
	  AT(struct config_throttle_device, minor) },
	{ "rate", JSON_U64, .required = true, AT(struct config_throttle_device, rate) },
};
static SHAPE(throttle_device_shape, struct config_throttle_device, throttle_device_fields);

#define THROTTLE(name_, member)                                      \
	{                                                            \
		name_, JSON_LIST, .shape = &throttle_device_shape,   \
				  AT(struct config_block_io, member) \
	}

static const struct json_field block_io_fields[] = {
	{ "weight", JSON_U64, .max = BLOCK_WEIGHT_MAX, AT(struct config_block_io, weight) },
	{ "leafWeight", JSON_U64, .max = BLOCK_WEIGHT_MAX,
	  AT(struct config_block_io, leaf_weight) },
	{ "weightDevice", JSON_LIST, .shape = &weight_device_shape,
	  AT(struct config_block_io, weight_device) },
	THROTTLE("throttleReadBpsDevice", throttle_read_bps),
	THROTTLE("throttleWriteBpsDevice", throttle_write_bps),
	THROTTLE("throttleReadIOPSDevice", throttle_read_iops),
	THROTTLE("throttleWriteIOPSDevice", throttle_write_iops),
};
static SHAPE(block_io_shape, struct config_block_io, block_io_fields);

static const struct json_field hugepage_limit_fields[] = {
	{ "pageSize", JSON_STRING, .required = true, AT(struct config_hugepage_limit, page_size) },
	{ "limit", JSON_U64, .required = true, AT(struct config_hugepage_limit, limit) },
};
static SHAPE(hugepage_limit_shape, struct config_hugepage_limit, hugepage_limit_fields);

static const struct json_field interface_priority_fields[] = {
	{ "name", JSON_STRING, .required = true, AT(struct config_interface_priority, name) },
	{ "priority", JSON_U64, .required = true, .max = UINT32_MAX,
	  AT(struct config_interface_priority, priority) },
};
static SHAPE(interface_priority_shape, struct config_interface_priority, interface_priority_fields);

static const struct json_field network_class_fields[] = {
	{ "classID", JSON_U64, .max = UINT32_MAX, AT(struct config_network_class, class_id) },
	{ "priorities", JSON_LIST, .shape = &interface_priority_shape,
	  AT(struct config_network_class, priorities) },
};
static SHAPE(network_class_shape, struct config_network_class, network_class_fields);

static const struct json_field rdma_fields[] = {
	{ "hcaHandles", JSON_U64, .max = UINT32_MAX, AT(struct config_rdma, hca_handles) },
	{ "hcaObjects", JSON_U64, .max = UINT32_MAX, AT(struct config_rdma, hca_objects) },
};
static SHAPE(rdma_shape, struct config_rdma, rdma_fields);

static const struct json_field resources_fields[] = {
	{ "devices", JSON_LIST, .shape = &device_rule_shape, AT(struct config_resources, devices) },
	{ "memory", JSON_OBJECT, .shape = &memory_shape, AT(struct config_resources, memory) },
	{ "cpu", JSON_OBJECT, .shape = &cpu_shape, AT(struct config_resources, cpu) },
	{ "pids", JSON_OBJECT, .shape = &pids_shape, AT(struct config_resources, pids) },
	{ "blockIO", JSON_OBJECT, .shape = &block_io_shape, AT(struct config_resources, block_io) },
	{ "hugepageLimits", JSON_LIST, .shape = &hugepage_limit_shape,
	  AT(struct config_resources, hugepage_limits) },
	{ "network", JSON_OBJECT, .shape = &network_class_shape,
	  AT(struct config_resources, network) },
	{ "rdma", JSON_OBJECT_MAP, .shape = &rdma_shape, AT(struct config_resources, rdma) },
	{ "unified", JSON_STRING_MAP, AT(struct config_resources, unified) },
};
SHAPE(config_resources_shape, struct config_resources, resources_fields);

/* seccomp(2) has six arguments. */
static const struct json_field seccomp_arg_fields[] = {
	{ "index", JSON_U64, .required = true, .max = 5, AT(struct config_seccomp_arg, index) },
	{ "value", JSON_U64, .required = true, AT(struct config_seccomp_arg, value) },
	{ "valueTwo", JSON_U64, AT(struct config_seccomp_arg, value_two) },
	{ "op", JSON_ENUM, .required = true, .names = config_seccomp_operators,
	  AT(struct config_seccomp_arg, op) },
};
static SHAPE(seccomp_arg_shape, struct config_seccomp_arg, seccomp_arg_fields);

static const struct json_field seccomp_rule_fields[] = {
	{ "names", JSON_STRINGS, .required = true, AT(struct config_seccomp_rule, names) },
	{ "action", JSON_ENUM, .required = true, .names = config_seccomp_actions,
	  AT(struct config_seccomp_rule, action) },
	{ "errnoRet", JSON_U64, .max = ERRNO_MAX, AT(struct config_seccomp_rule, errno_ret) },
	{ "args", JSON_LIST, .shape = &seccomp_arg_shape, AT(struct config_seccomp_rule, args) },
};
static SHAPE(seccomp_rule_shape, struct config_seccomp_rule, seccomp_rule_fields);

static const struct json_field seccomp_fields[] = {
	{ "defaultAction", JSON_ENUM, .required = true, .names = config_seccomp_actions,
	  AT(struct config_seccomp, default_action) },
	{ "defaultErrnoRet", JSON_U64, .max = ERRNO_MAX,
	  AT(struct config_seccomp, default_errno_ret) },
	{ "architectures", JSON_ENUM_LIST, .names = config_seccomp_architectures,
	  .refusal = "is an unknown architecture", AT(struct config_seccomp, architectures) },
	{ "flags", JSON_BITS, .names = config_seccomp_flags, AT(struct config_seccomp, flags) },
	{ "listenerPath", JSON_STRING, AT(struct config_seccomp, listener_path) },
	{ "listenerMetadata", JSON_STRING, AT(struct config_seccomp, listener_metadata) },
	{ "syscalls", JSON_LIST, .shape = &seccomp_rule_shape,
	  AT(struct config_seccomp, syscalls) },
};
SHAPE(config_seccomp_shape, struct config_seccomp, seccomp_fields);

static const struct json_field intel_rdt_fields[] = {
	{ "closID", JSON_STRING, AT(struct config_intel_rdt, clos_id) },
	{ "l3CacheSchema", JSON_STRING, AT(struct config_intel_rdt, l3_cache_schema) },
	{ "memBwSchema", JSON_STRING, AT(struct config_intel_rdt, mem_bw_schema) },
	{ "schemata", JSON_STRINGS, AT(struct config_intel_rdt, schemata) },
	{ "enableMonitoring", JSON_BOOL, AT(struct config_intel_rdt, enable_monitoring) },
};
SHAPE(config_intel_rdt_shape, struct config_intel_rdt, intel_rdt_fields);

static const struct json_field memory_policy_fields[] = {
	{ "mode", JSON_ENUM, .required = true, .names = config_memory_modes,
	  AT(struct config_memory_policy, mode) },
	{ "nodes", JSON_RANGES, .max = CONFIG_NODES_MAX - 1, .refusal = NO_NODES,
	  AT(struct config_memory_policy, nodes) },
	{ "flags", JSON_BITS, .names = config_memory_flags,
	  AT(struct config_memory_policy, flags) },
};
static SHAPE(memory_policy_shape, struct config_memory_policy, memory_policy_fields);

static const struct json_field personality_fields[] = {
	{ "domain", JSON_ENUM, .required = true, .names = config_personality_domains,
	  AT(struct config_personality, domain) },
	{ "flags", JSON_STRINGS, AT(struct config_personality, flags) },
};
static SHAPE(personality_shape, struct config_personality, personality_fields);

static const struct json_field linux_fields[] = {
	{ "namespaces", JSON_LIST, .shape = &namespace_shape, AT(struct config_linux, namespaces) },
	{ "uidMappings", JSON_LIST, .shape = &config_id_mapping_shape,
	  AT(struct config_linux, uid_mappings) },
	{ "gidMappings", JSON_LIST, .shape = &config_id_mapping_shape,
	  AT(struct config_linux, gid_mappings) },
	{ "timeOffsets", JSON_OBJECT_MAP, .shape = &time_offset_shape,
	  AT(struct config_linux, time_offsets) },
	{ "devices", JSON_LIST, .shape = &device_shape, AT(struct config_linux, devices) },
	{ "netDevices", JSON_OBJECT_MAP, .shape = &net_device_shape,
	  AT(struct config_linux, net_devices) },
	{ "cgroupsPath", JSON_STRING, AT(struct config_linux, cgroups_path) },
	{ "resources", JSON_OBJECT, .shape = &config_resources_shape,
	  AT(struct config_linux, resources) },
	{ "intelRdt", JSON_OBJECT, .shape = &config_intel_rdt_shape,
	  AT(struct config_linux, intel_rdt) },
	{ "memoryPolicy", JSON_OBJECT, .shape = &memory_policy_shape,
	  AT(struct config_linux, memory_policy) },
	{ "sysctl", JSON_STRING_MAP, AT(struct config_linux, sysctl) },
	{ "seccomp", JSON_OBJECT, .shape = &config_seccomp_shape,
	  AT(struct config_linux, seccomp) },
	{ "rootfsPropagation", JSON_WORD, .words = &mount_propagation_as_word,
	  .refusal =
		  "is unknown: must be shared, slave, private or unbindable, or one of these with an r before it",
	  AT(struct config_linux, rootfs_propagation) },
	{ "maskedPaths", JSON_STRINGS, AT(struct config_linux, masked_paths) },
	{ "readonlyPaths", JSON_STRINGS, AT(struct config_linux, readonly_paths) },
	{ "mountLabel", JSON_STRING, AT(struct config_linux, mount_label) },
	{ "personality", JSON_OBJECT, .shape = &personality_shape,
	  AT(struct config_linux, personality) },
};
static SHAPE(linux_shape, struct config_linux, linux_fields);

static const struct json_field container_fields[] = {
	{ "ociVersion", JSON_STRING, .required = true, AT(struct container_config, oci_version) },
	{ "process", JSON_OBJECT, .shape = &config_process_shape,
	  AT(struct container_config, process) },
	{ "root", JSON_OBJECT, .required = true, .shape = &root_shape,
	  AT(struct container_config, root) },
	{ "hostname", JSON_STRING, AT(struct container_config, hostname) },
	{ "domainname", JSON_STRING, AT(struct container_config, domainname) },
	{ "mounts", JSON_LIST, .shape = &mount_shape, AT(struct container_config, mounts) },
	{ "hooks", JSON_OBJECT, .shape = &config_hooks_shape, AT(struct container_config, hooks) },
	{ "linux", JSON_OBJECT, .shape = &linux_shape, AT(struct container_config, linux) },
	{ "annotations", JSON_STRING_MAP, AT(struct container_config, annotations) },
};
SHAPE(container_config_shape, struct container_config, container_fields);
