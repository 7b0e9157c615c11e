/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONFIG_CONFIG_H
#define URUN_CONFIG_CONFIG_H

#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/arena.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/config/mount_options.h"

/*
 * The whole config.json of the OCI runtime-spec 1.3 (config.md, config-linux.md).  The members have
 * the spec's names in our spelling.  A pointer that is NULL, an opt_ that isn't set, and an empty
 * list mean "not given".  All memory belongs to the arena of the container_config.
 *
 * Words become types while they are read: the tables of core/config/shapes.c turn a word into an
 * enum or a bit, and print the word again.  No other code interprets a word of the spec; mounts'
 * options are parsed by core/config/mount_options.h.
 */

#define CONFIG_SPEC_VERSION "1.3.0"

struct config_user {
	struct opt_u64 uid; /* the spec requires uid and gid where there is a user */
	struct opt_u64 gid;
	struct opt_u64 umask;
	LIST_OF(uint32_t) additional_gids;
	char *username; /* for Windows; not used */
};

struct config_console_size {
	struct opt_u64 height; /* rows */
	struct opt_u64 width;  /* columns */
};

struct config_rlimit {
	int type; /* RLIMIT_… of getrlimit(2) */
	struct opt_u64 soft;
	struct opt_u64 hard;
};

/* How many capabilities have names here: capabilities(7). */
#define CONFIG_CAPABILITY_COUNT	      (CAP_CHECKPOINT_RESTORE + 1)
#define CONFIG_CAPABILITY_ALL	      ((UINT64_C(1) << CONFIG_CAPABILITY_COUNT) - 1)
#define CONFIG_CAPABILITY(capability) (UINT64_C(1) << (capability))

/* Sets with one bit for each CAP_… of the kernel.  An unknown name is a warning of the reader. */
struct config_capabilities {
	uint64_t bounding;
	uint64_t effective;
	uint64_t inheritable;
	uint64_t permitted;
	uint64_t ambient;
};

enum config_io_class { CONFIG_IO_RT, CONFIG_IO_BE, CONFIG_IO_IDLE };

struct config_io_priority {
	int class; /* enum config_io_class */
	struct opt_i64 priority;
};

/* The kernel's numbers: sched_setattr(2). */
enum config_sched_policy {
	CONFIG_SCHED_OTHER,
	CONFIG_SCHED_FIFO,
	CONFIG_SCHED_RR,
	CONFIG_SCHED_BATCH,
	CONFIG_SCHED_ISO, /* reserved by the kernel; config_check_process() refuses it */
	CONFIG_SCHED_IDLE,
	CONFIG_SCHED_DEADLINE,
};

struct config_scheduler {
	int policy; /* enum config_sched_policy */
	struct opt_i64 nice;
	struct opt_i64 priority;
	uint64_t flags;		 /* SCHED_FLAG_…, the kernel's bits */
	struct opt_u64 runtime;	 /* ns */
	struct opt_u64 deadline; /* ns */
	struct opt_u64 period;	 /* ns */
};

struct config_cpu_affinity {
	range_list initial; /* processors */
	range_list final;
};

struct config_process {
	bool terminal;
	struct config_console_size *console_size;
	struct config_user *user; /* after config_parse() never NULL; 0:0 where it isn't given */
	struct str_list args;
	struct str_list env; /* "NAME=value" */
	char *cwd;
	struct config_capabilities *capabilities; /* NULL: the process has none */
	LIST_OF(struct config_rlimit) rlimits;
	bool no_new_privileges;
	char *apparmor_profile;
	struct opt_i64 oom_score_adj;
	char *selinux_label;
	struct config_io_priority *io_priority;
	struct config_scheduler *scheduler;
	struct config_cpu_affinity *exec_cpu_affinity;
};

struct config_root {
	char *path;
	bool readonly;
};

/* In the order of /proc/PID/uid_map: inner, outer, count. */
struct config_id_mapping {
	struct opt_u64 inner; /* containerID */
	struct opt_u64 outer; /* hostID */
	struct opt_u64 count; /* size */
};
typedef LIST_OF(struct config_id_mapping) config_id_mappings;

/* What a mount is, by its type and options: config_mount_set_kind(). */
enum mount_kind {
	MOUNT_KIND_OTHER, /* a new file system that nothing here knows but its type's name */
	MOUNT_KIND_PROC,
	MOUNT_KIND_SYSFS,
	MOUNT_KIND_TMPFS,
	MOUNT_KIND_MQUEUE,
	MOUNT_KIND_DEVPTS,
	MOUNT_KIND_OVERLAY,
	MOUNT_KIND_CGROUP, /* cgroup or cgroup2: cgroup2, or else our own cgroup bound */
	MOUNT_KIND_BIND,
	MOUNT_KIND_REMOUNT, /* what is mounted there already gets other options */
	MOUNT_KIND_COUNT,
};

struct config_mount {
	char *destination; /* absolute: config_parse() puts the "/" before a relative one */
	char *type;	   /* of the file system; of a bind "bind" or any other text */
	char *source;
	struct mount_options options;
	enum mount_kind kind; /* not in the document */
	config_id_mappings uid_mappings;
	config_id_mappings gid_mappings;
};

/* Seconds: the most that fits an int as milliseconds, which is poll(2)'s type. */
#define CONFIG_HOOK_TIMEOUT_MAX (INT32_MAX / 1000)

struct config_hook {
	char *path;
	struct str_list args;
	struct str_list env;
	struct opt_i64 timeout; /* seconds, > 0 */
};
typedef LIST_OF(struct config_hook) config_hook_list;

enum config_hook_kind {
	HOOK_PRESTART,
	HOOK_CREATE_RUNTIME,
	HOOK_CREATE_CONTAINER,
	HOOK_START_CONTAINER,
	HOOK_POSTSTART,
	HOOK_POSTSTOP,
	HOOK_KINDS,
};

struct config_hooks {
	config_hook_list lists[HOOK_KINDS];
};

enum config_namespace_type {
	CONFIG_NS_PID,
	CONFIG_NS_NETWORK,
	CONFIG_NS_MOUNT,
	CONFIG_NS_IPC,
	CONFIG_NS_UTS,
	CONFIG_NS_USER,
	CONFIG_NS_CGROUP,
	CONFIG_NS_TIME,
};
#define CONFIG_NS_COUNT 8

struct config_namespace {
	int type;   /* enum config_namespace_type */
	char *path; /* NULL: a new one */
};

struct config_time_offset {
	char *clock; /* the key: "monotonic" or "boottime" */
	struct opt_i64 secs;
	struct opt_u64 nanosecs;
};

struct config_net_device {
	char *host_name; /* the key */
	char *name;
};

enum config_device_type {
	CONFIG_DEVICE_CHAR,
	CONFIG_DEVICE_BLOCK,
	CONFIG_DEVICE_UNBUFFERED, /* mknod(1)'s "u": a character device */
	CONFIG_DEVICE_FIFO,
};

struct config_device {
	int type; /* enum config_device_type */
	char *path;
	struct opt_i64 major;
	struct opt_i64 minor;
	struct opt_u64 file_mode;
	struct opt_u64 uid;
	struct opt_u64 gid;
};

enum config_device_rule_type { CONFIG_RULE_ALL, CONFIG_RULE_CHAR, CONFIG_RULE_BLOCK };

struct config_device_rule {
	bool allow;
	int type; /* enum config_device_rule_type; -1: not given */
	struct opt_i64 major;
	struct opt_i64 minor;
	char *access;
};

struct config_memory {
	struct opt_i64 limit; /* bytes; -1: no limit */
	struct opt_i64 reservation;
	struct opt_i64 swap; /* memory and swap together */
	struct opt_i64 kernel;
	struct opt_i64 kernel_tcp;
	struct opt_u64 swappiness;
	struct opt_bool disable_oom_killer;
	struct opt_bool use_hierarchy;
	struct opt_bool check_before_update;
};

struct config_cpu {
	struct opt_u64 shares;
	struct opt_i64 quota; /* µs a period */
	struct opt_u64 burst;
	struct opt_u64 period;
	struct opt_i64 realtime_runtime;
	struct opt_u64 realtime_period;
	range_list cpus; /* processors */
	range_list mems; /* memory nodes */
	struct opt_i64 idle;
};

struct config_pids {
	struct opt_i64 limit; /* -1: no limit */
};

struct config_weight_device {
	struct opt_i64 major;
	struct opt_i64 minor;
	struct opt_u64 weight;
	struct opt_u64 leaf_weight;
};

struct config_throttle_device {
	struct opt_i64 major;
	struct opt_i64 minor;
	struct opt_u64 rate;
};

typedef LIST_OF(struct config_throttle_device) config_throttle_devices;

struct config_block_io {
	struct opt_u64 weight;
	struct opt_u64 leaf_weight;
	LIST_OF(struct config_weight_device) weight_device;
	config_throttle_devices throttle_read_bps, throttle_write_bps;
	config_throttle_devices throttle_read_iops, throttle_write_iops;
};

struct config_hugepage_limit {
	char *page_size;
	struct opt_u64 limit;
};

struct config_interface_priority {
	char *name;
	struct opt_u64 priority;
};

struct config_network_class {
	struct opt_u64 class_id;
	LIST_OF(struct config_interface_priority) priorities;
};

struct config_rdma {
	char *device; /* the key */
	struct opt_u64 hca_handles;
	struct opt_u64 hca_objects;
};

struct config_resources {
	LIST_OF(struct config_device_rule) devices;
	struct config_memory *memory;
	struct config_cpu *cpu;
	struct config_pids *pids;
	struct config_block_io *block_io;
	LIST_OF(struct config_hugepage_limit) hugepage_limits;
	struct config_network_class *network;
	LIST_OF(struct config_rdma) rdma;
	str_map unified;
};

/* In the order of the spec's list. */
enum config_seccomp_action {
	CONFIG_SECCOMP_KILL,
	CONFIG_SECCOMP_KILL_PROCESS,
	CONFIG_SECCOMP_KILL_THREAD,
	CONFIG_SECCOMP_TRAP,
	CONFIG_SECCOMP_ERRNO,
	CONFIG_SECCOMP_TRACE,
	CONFIG_SECCOMP_ALLOW,
	CONFIG_SECCOMP_LOG,
	CONFIG_SECCOMP_NOTIFY,
};

enum config_seccomp_operator {
	CONFIG_SECCOMP_NE,
	CONFIG_SECCOMP_LT,
	CONFIG_SECCOMP_LE,
	CONFIG_SECCOMP_EQ,
	CONFIG_SECCOMP_GE,
	CONFIG_SECCOMP_GT,
	CONFIG_SECCOMP_MASKED_EQ,
};

enum config_seccomp_flag {
	CONFIG_SECCOMP_FLAG_TSYNC,
	CONFIG_SECCOMP_FLAG_LOG,
	CONFIG_SECCOMP_FLAG_SPEC_ALLOW,
	CONFIG_SECCOMP_FLAG_WAIT_KILLABLE_RECV,
};

/* The architectures of libseccomp 2.6; with an older one, some fail when the filter is compiled. */
enum config_seccomp_arch {
	CONFIG_ARCH_X86,
	CONFIG_ARCH_X86_64,
	CONFIG_ARCH_X32,
	CONFIG_ARCH_ARM,
	CONFIG_ARCH_AARCH64,
	CONFIG_ARCH_MIPS,
	CONFIG_ARCH_MIPS64,
	CONFIG_ARCH_MIPS64N32,
	CONFIG_ARCH_MIPSEL,
	CONFIG_ARCH_MIPSEL64,
	CONFIG_ARCH_MIPSEL64N32,
	CONFIG_ARCH_PPC,
	CONFIG_ARCH_PPC64,
	CONFIG_ARCH_PPC64LE,
	CONFIG_ARCH_S390,
	CONFIG_ARCH_S390X,
	CONFIG_ARCH_PARISC,
	CONFIG_ARCH_PARISC64,
	CONFIG_ARCH_RISCV64,
	CONFIG_ARCH_LOONGARCH64,
	CONFIG_ARCH_M68K,
	CONFIG_ARCH_SH,
	CONFIG_ARCH_SHEB,
	CONFIG_ARCH_COUNT,
};

struct config_seccomp_arg {
	struct opt_u64 index; /* 0..5 */
	struct opt_u64 value;
	struct opt_u64 value_two;
	int op; /* enum config_seccomp_operator */
};

struct config_seccomp_rule {
	struct str_list names;
	int action; /* enum config_seccomp_action */
	struct opt_u64 errno_ret;
	LIST_OF(struct config_seccomp_arg) args;
};

struct config_seccomp {
	int default_action; /* enum config_seccomp_action */
	struct opt_u64 default_errno_ret;
	LIST_OF(int) architectures; /* enum config_seccomp_arch */
	uint64_t flags;		    /* one bit for each enum config_seccomp_flag */
	char *listener_path;
	char *listener_metadata;
	LIST_OF(struct config_seccomp_rule) syscalls;
};

struct config_intel_rdt {
	char *clos_id;
	char *l3_cache_schema;
	char *mem_bw_schema;
	struct str_list schemata;
	bool enable_monitoring;
};

/* More memory nodes than any kernel is built with (CONFIG_NODES_SHIFT is at most 10). */
#define CONFIG_NODES_MAX 1024

/* The kernel's numbers: set_mempolicy(2). */
enum config_memory_mode {
	CONFIG_MEMORY_DEFAULT,
	CONFIG_MEMORY_PREFERRED,
	CONFIG_MEMORY_BIND,
	CONFIG_MEMORY_INTERLEAVE,
	CONFIG_MEMORY_LOCAL,
	CONFIG_MEMORY_PREFERRED_MANY,	   /* Linux 5.15 */
	CONFIG_MEMORY_WEIGHTED_INTERLEAVE, /* Linux 6.9 */
};

enum config_memory_flag {
	CONFIG_MEMORY_NUMA_BALANCING, /* Linux 5.12 */
	CONFIG_MEMORY_RELATIVE_NODES,
	CONFIG_MEMORY_STATIC_NODES,
};

struct config_memory_policy {
	int mode;	  /* enum config_memory_mode */
	range_list nodes; /* below CONFIG_NODES_MAX */
	uint64_t flags;	  /* one bit for each enum config_memory_flag */
};

enum config_personality_domain { CONFIG_PERSONALITY_LINUX, CONFIG_PERSONALITY_LINUX32 };

struct config_personality {
	int domain;	       /* enum config_personality_domain */
	struct str_list flags; /* config_check() refuses any: the spec has no flag yet */
};

struct config_linux {
	LIST_OF(struct config_namespace) namespaces;
	config_id_mappings uid_mappings;
	config_id_mappings gid_mappings;
	LIST_OF(struct config_time_offset) time_offsets;
	LIST_OF(struct config_device) devices;
	LIST_OF(struct config_net_device) net_devices;
	char *cgroups_path; /* never "" */
	struct config_resources *resources;
	struct config_intel_rdt *intel_rdt;
	struct config_memory_policy *memory_policy;
	str_map sysctl; /* config_parse() puts dots between the parts of each name */
	struct config_seccomp *seccomp;
	enum mount_propagation rootfs_propagation; /* the recursive kinds too, as in runc */
	struct str_list masked_paths;
	struct str_list readonly_paths;
	char *mount_label;
	struct config_personality *personality;
};

struct container_config {
	struct arena arena; /* owns all that the members below point to */
	char *oci_version;
	struct config_process *process; /* may be NULL: then `start` is an error */
	struct config_root *root;	/* after config_parse() never NULL */
	char *hostname;
	char *domainname;
	LIST_OF(struct config_mount) mounts;
	struct config_hooks *hooks;
	struct config_linux *linux; /* after config_parse() never NULL */
	str_map annotations;
};

/*
 * Reads a config.json and checks all that the spec demands of a config by itself: required fields,
 * words, ranges, absolute paths, duplicates, and fields that need another one.  Nothing here looks
 * at the system.  On failure the error names the field by its path, and *config is empty.
 */
int config_parse(const char *bytes, size_t size, struct container_config *config,
		 struct error *err);

/* Completes and checks a config that the program has made itself, as config_parse() does. */
int config_complete(struct container_config *config, struct error *err);

/* The same for the output of config_print() with JSON_OWN, whose strings may be any bytes. */
int config_parse_own(const char *bytes, size_t size, struct container_config *config,
		     struct error *err);

/* Fails where a text isn't UTF-8, and so can't be printed as JSON for others; names the field. */
int config_check_text(const struct container_config *config, struct error *err);

/*
 * config_parse() of a file.  Refuses empty FIFOs, devices and files above JSON_SIZE_MAX.  The
 * error's text begins with the path.
 */
int config_load(const char *path, struct container_config *config, struct error *err);

/* Appends the config as JSON; parsing this JSON gives an equal config, field by field. */
void config_print(const struct container_config *config, enum json_style style, struct strbuf *out);

/* Frees the config's memory.  @config may be NULL or all zero. */
void config_release(struct container_config *config);

/*
 * The config's namespace of @type, or NULL.  A namespace with a path is joined; a namespace without
 * one is new.
 */
struct config_namespace *config_find_namespace(const struct container_config *config,
					       enum config_namespace_type type);

/*
 * The spec's word for a type ("network"), its name below /proc/PID/ns ("net"), and its CLONE_NEW…
 * flag.
 */
const char *config_namespace_name(enum config_namespace_type type);
const char *config_namespace_file(enum config_namespace_type type);
int config_namespace_flag(enum config_namespace_type type);

/* The hooks of @kind; the empty list where @hooks is NULL. */
const config_hook_list *config_hooks_of(const struct config_hooks *hooks,
					enum config_hook_kind kind);

/*
 * Sets mount->kind from the type and the options of the mount; to be called after a change of
 * these.
 */
void config_mount_set_kind(struct config_mount *mount);
/* Is it a bind mount, or a remount of one? */
bool config_mount_is_bind(const struct config_mount *mount);

/* The directories in which a program is searched where process.env has no PATH. */
#define CONFIG_DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/*
 * The value of @name in process.env, or NULL.  Where the name stands there twice, the last counts.
 */
const char *config_env(const struct config_process *process, const char *name);

/* The value of an annotation, or NULL. */
const char *config_annotation(const struct container_config *config, const char *name);

/*
 * Does the container keep the caller's supplementary groups (CONFIG_ANNOTATION_KEEP_GROUPS)?  As in
 * crun, any value but "0" says so.
 */
bool config_keeps_groups(const struct container_config *config);

/* Is @path, without links, one of the paths of the annotation org.urun.hidden, or below one? */
bool config_hides(const struct container_config *config, const char *path);

/*
 * Can the process get @capability (CAP_…), now or by a program that it executes?  The bounding set decides, as the kernel
 * takes no capability into the inheritable set that isn't in it.
 */
bool config_may_get(const struct config_process *process, int capability);

/*
 * Reads a config_seccomp from the JSON of a profile, with the same checks.  Its memory is @arena's.
 */
int config_parse_seccomp(const char *bytes, size_t size, struct arena *arena,
			 struct config_seccomp **ret_seccomp, struct error *err);

/* Reads a config_process from the JSON of `exec --process`, likewise. */
int config_parse_process(const char *bytes, size_t size, struct arena *arena,
			 struct config_process **ret_process, struct error *err);

/*
 * Reads the JSON of linux.resources, with the same checks.  Each member that is given replaces that
 * of config->linux->resources; in unified, each key that is given.
 */
int config_merge_resources(struct container_config *config, const char *bytes, size_t size,
			   struct error *err);

#endif
