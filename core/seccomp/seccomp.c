// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: parent.
 *
 * How a seccomp profile becomes a filter.
 *
 * A profile is a list of rules: names of system calls, comparisons of arguments, and an action.
 * The default action is for calls that no rule names.  The kernel doesn't know profiles.  It takes
 * a program of BPF instructions, runs it at each system call, and does what the program returns.
 * The program sees one struct seccomp_data and nothing else:
 *   - the number of the call and the architecture.  The same number is another call on another
 *     architecture (2 is open on x86-64 and fork on i386), and many kernels run 32-bit programs
 *     too.  So a filter compares the architecture first, and has a part for each one;
 *   - the six arguments as numbers.  A pointer is the number of an address: the program can't read
 *     memory.  So no rule can look at a path, or at the flags of clone3(2).  For the same reason
 *     another thread can't change what the filter has seen.
 *
 * libseccomp makes the program.  It resolves the names for each architecture and orders the numbers
 * as a binary tree: about 9 comparisons for a call of an engine's profile, instead of 300 for a
 * list.  In front of its program stand instructions of our own that answer calls which are newer
 * than the profile (seccomp_newer.h).
 *
 * The parent compiles, so that a wrong profile is refused before anything is made, and so that the
 * process that enters the container needs neither libseccomp nor the profile.  Init receives the
 * finished program over the sync pipe and loads it last, directly before execve(2)
 * (seccomp_load.h): the filter holds for the container's program, and for nothing that init did to
 * prepare it.  fork and execve inherit the filter, and nothing can remove it.
 *
 * SCMP_ACT_NOTIFY stops the calling thread and sends the call to an agent outside of the container,
 * which decides.  seccomp(2) returns a descriptor for the agent, the listener, to the process that
 * loads the filter.  Init sends it to the agent's socket (linux.seccomp.listenerPath) by
 * sendmsg(2), under the filter that is already in force.  If sendmsg waited for the agent, it would
 * wait without end; so neither sendmsg nor the default action may have SCMP_ACT_NOTIFY.
 */
#include "core/seccomp/seccomp.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/config/shapes.h"
#include "core/seccomp/seccomp_newer.h"

/*
 * The oldest headers that we build with don't have it.  Whether the kernel has it, loading tells.
 */
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/*
 * The time to compile is quadratic in the number of rules for one system call.  A profile with so
 * many rules wouldn't fit into the kernel's limit of 4,096 instructions anyway.
 */
#define RULES_MAX 65536

/* The largest errnoRet of SCMP_ACT_ERRNO (MAX_ERRNO) and of SCMP_ACT_TRACE (SECCOMP_RET_DATA). */
#define ERRNO_RET_MAX 4095
#define TRACE_RET_MAX 65535

#define ARGS_MAX 6

static void release_scmp_filter(scmp_filter_ctx *filter)
{
	if (*filter)
		seccomp_release(*filter);
}

/* 0: this libseccomp is older than the architecture. */
static const uint32_t arch_tokens[CONFIG_ARCH_COUNT] = {
	[CONFIG_ARCH_X86] = SCMP_ARCH_X86,
	[CONFIG_ARCH_X86_64] = SCMP_ARCH_X86_64,
	[CONFIG_ARCH_X32] = SCMP_ARCH_X32,
	[CONFIG_ARCH_ARM] = SCMP_ARCH_ARM,
	[CONFIG_ARCH_AARCH64] = SCMP_ARCH_AARCH64,
	[CONFIG_ARCH_MIPS] = SCMP_ARCH_MIPS,
	[CONFIG_ARCH_MIPS64] = SCMP_ARCH_MIPS64,
	[CONFIG_ARCH_MIPS64N32] = SCMP_ARCH_MIPS64N32,
	[CONFIG_ARCH_MIPSEL] = SCMP_ARCH_MIPSEL,
	[CONFIG_ARCH_MIPSEL64] = SCMP_ARCH_MIPSEL64,
	[CONFIG_ARCH_MIPSEL64N32] = SCMP_ARCH_MIPSEL64N32,
	[CONFIG_ARCH_PPC] = SCMP_ARCH_PPC,
	[CONFIG_ARCH_PPC64] = SCMP_ARCH_PPC64,
	[CONFIG_ARCH_PPC64LE] = SCMP_ARCH_PPC64LE,
	[CONFIG_ARCH_S390] = SCMP_ARCH_S390,
	[CONFIG_ARCH_S390X] = SCMP_ARCH_S390X,
	[CONFIG_ARCH_PARISC] = SCMP_ARCH_PARISC,
	[CONFIG_ARCH_PARISC64] = SCMP_ARCH_PARISC64,
	[CONFIG_ARCH_RISCV64] = SCMP_ARCH_RISCV64,
/* libseccomp 2.6 */
#ifdef SCMP_ARCH_LOONGARCH64
	[CONFIG_ARCH_LOONGARCH64] = SCMP_ARCH_LOONGARCH64,
#endif
#ifdef SCMP_ARCH_M68K
	[CONFIG_ARCH_M68K] = SCMP_ARCH_M68K,
#endif
#ifdef SCMP_ARCH_SH
	[CONFIG_ARCH_SH] = SCMP_ARCH_SH,
#endif
#ifdef SCMP_ARCH_SHEB
	[CONFIG_ARCH_SHEB] = SCMP_ARCH_SHEB,
#endif
};

static const enum scmp_compare operators[] = {
	[CONFIG_SECCOMP_NE] = SCMP_CMP_NE,
	[CONFIG_SECCOMP_LT] = SCMP_CMP_LT,
	[CONFIG_SECCOMP_LE] = SCMP_CMP_LE,
	[CONFIG_SECCOMP_EQ] = SCMP_CMP_EQ,
	[CONFIG_SECCOMP_GE] = SCMP_CMP_GE,
	[CONFIG_SECCOMP_GT] = SCMP_CMP_GT,
	[CONFIG_SECCOMP_MASKED_EQ] = SCMP_CMP_MASKED_EQ,
};

static const unsigned int kernel_flags[] = {
	[CONFIG_SECCOMP_FLAG_TSYNC] = SECCOMP_FILTER_FLAG_TSYNC,
	[CONFIG_SECCOMP_FLAG_LOG] = SECCOMP_FILTER_FLAG_LOG,
	[CONFIG_SECCOMP_FLAG_SPEC_ALLOW] = SECCOMP_FILTER_FLAG_SPEC_ALLOW,
	[CONFIG_SECCOMP_FLAG_WAIT_KILLABLE_RECV] = SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
};

/*
 * The action and its data as one number, as libseccomp and the kernel have it.  SCMP_ACT_KILL has
 * always killed the thread, not the process.
 */
static int action_value(int action, struct opt_u64 errno_ret, uint32_t *ret_value,
			struct error *err)
{
	uint64_t data = errno_ret.set ? errno_ret.value : EPERM;

	switch ((enum config_seccomp_action)action) {
	case CONFIG_SECCOMP_KILL:
	case CONFIG_SECCOMP_KILL_THREAD: *ret_value = SCMP_ACT_KILL_THREAD; return 0;
	case CONFIG_SECCOMP_KILL_PROCESS: *ret_value = SCMP_ACT_KILL_PROCESS; return 0;
	case CONFIG_SECCOMP_TRAP: *ret_value = SCMP_ACT_TRAP; return 0;
	case CONFIG_SECCOMP_ERRNO:
		if (data > ERRNO_RET_MAX)
			return error_set(err, 0, "%llu is above %d, the highest errno",
					 (unsigned long long)data, ERRNO_RET_MAX);
		*ret_value = SCMP_ACT_ERRNO((uint32_t)data);
		return 0;
	case CONFIG_SECCOMP_TRACE:
		if (data > TRACE_RET_MAX)
			return error_set(err, 0,
					 "%llu is above %d, the largest value for SCMP_ACT_TRACE",
					 (unsigned long long)data, TRACE_RET_MAX);
		*ret_value = SCMP_ACT_TRACE((uint32_t)data);
		return 0;
	case CONFIG_SECCOMP_ALLOW: *ret_value = SCMP_ACT_ALLOW; return 0;
	case CONFIG_SECCOMP_LOG: *ret_value = SCMP_ACT_LOG; return 0;
	case CONFIG_SECCOMP_NOTIFY: *ret_value = SCMP_ACT_NOTIFY; return 0;
	}
	return error_set(err, 0, "unknown action");
}

void seccomp_architecture_names(struct arena *arena, struct str_list *ret_names)
{
	struct str_list names = { .items = arena_alloc(arena, CONFIG_ARCH_COUNT * sizeof(char *)) };

	for (int i = 0; i < CONFIG_ARCH_COUNT; i++)
		if (arch_tokens[i])
			names.items[names.count++] =
				arena_str(arena, config_seccomp_architectures[i]);
	*ret_names = names;
}

char *seccomp_library_version(struct arena *arena)
{
	const struct scmp_version *version = seccomp_version();

	return arena_strf(arena, "%u.%u.%u", version->major, version->minor, version->micro);
}

/*
 * libseccomp adds the machine's own architecture by itself, even if the profile doesn't list it.  A
 * call of an architecture that isn't in the filter kills the thread.
 */
static int add_architectures(scmp_filter_ctx filter, const struct config_seccomp *seccomp,
			     struct error *err)
{
	for (size_t i = 0; i < seccomp->architectures.count; i++) {
		const char *name = config_seccomp_architectures[seccomp->architectures.items[i]];
		uint32_t token = arch_tokens[seccomp->architectures.items[i]];
		int r;

		if (!token)
			return error_set(
				err, 0,
				"linux.seccomp.architectures[%zu]: this libseccomp doesn't know %s",
				i, name);
		r = seccomp_arch_add(filter, token);
		if (r == -EDOM)
			return error_set(
				err, 0,
				"linux.seccomp.architectures[%zu]: %s has another byte order than this machine",
				i, name);
		if (r < 0 && r != -EEXIST)
			return error_set(err, -r, "linux.seccomp.architectures[%zu]: add %s", i,
					 name);
	}
	return 0;
}

static bool has_repeated_index(const struct config_seccomp_rule *rule)
{
	unsigned int seen = 0;

	for (size_t i = 0; i < rule->args.count; i++) {
		unsigned int bit = 1u << rule->args.items[i].index.value;

		if (seen & bit)
			return true;
		seen |= bit;
	}
	return false;
}

static struct scmp_arg_cmp comparison(const struct config_seccomp_arg *arg)
{
	/* As in libseccomp: value is MASKED_EQ's mask; the other operators ignore valueTwo. */
	return (struct scmp_arg_cmp){
		.arg = (unsigned int)arg->index.value,
		.op = operators[arg->op],
		.datum_a = arg->value.value,
		.datum_b = arg->value_two.set ? arg->value_two.value : 0,
	};
}

/*
 * A rule applies if all its comparisons hold.  But libseccomp takes one comparison for each
 * argument.  If a rule compares an argument twice, each comparison becomes a rule of its own, so
 * that "and" becomes "or": engines' profiles are written for runtimes that do so.
 */
static int add_syscall(scmp_filter_ctx filter, uint32_t action, int number,
		       const struct config_seccomp_rule *rule)
{
	struct scmp_arg_cmp comparisons[ARGS_MAX];
	int r = 0;

	if (has_repeated_index(rule)) {
		for (size_t i = 0; i < rule->args.count && r == 0; i++) {
			comparisons[0] = comparison(&rule->args.items[i]);
			r = seccomp_rule_add_array(filter, action, number, 1, comparisons);
		}
		return r;
	}
	for (size_t i = 0; i < rule->args.count; i++)
		comparisons[i] = comparison(&rule->args.items[i]);
	return seccomp_rule_add_array(filter, action, number, (unsigned int)rule->args.count,
				      comparisons);
}

static int add_profile_rule(scmp_filter_ctx filter, uint32_t default_action,
			    const struct config_seccomp_rule *rule, struct error *err)
{
	uint32_t action = SCMP_ACT_KILL_PROCESS;

	if (action_value(rule->action, rule->errno_ret, &action, err) < 0)
		return error_prefix(err, "errnoRet");
	for (size_t i = 0; i < rule->args.count; i++)
		if (rule->args.items[i].index.value >= ARGS_MAX)
			return error_set(err, 0, "args[%zu].index: a system call has %d arguments",
					 i, ARGS_MAX);
	if (action == default_action)
		return 0; /* libseccomp refuses a rule that changes nothing */
	for (size_t i = 0; i < rule->names.count; i++) {
		const char *name = rule->names.items[i];
		int number = seccomp_syscall_resolve_name(name);
		int r;

		if (rule->action == CONFIG_SECCOMP_NOTIFY && str_equal(name, "sendmsg"))
			return error_set(err, 0,
					 "names[%zu]: sendmsg can't have SCMP_ACT_NOTIFY: the "
					 "listener is sent by it",
					 i);
		if (number == __NR_SCMP_ERROR) {
			log_debug("seccomp: unknown system call %s is skipped", name);
			continue;
		}
		r = add_syscall(filter, action, number, rule);
		if (r == -EEXIST)
			return error_set(err, 0,
					 "names[%zu]: the rule for %s contradicts an earlier one",
					 i, name);
		if (r < 0)
			return error_set(err, -r, "names[%zu]: add the rule for %s", i, name);
	}
	return 0;
}

int seccomp_check_names(const struct config_seccomp *seccomp, struct error *err)
{
	for (size_t i = 0; i < seccomp->syscalls.count; i++) {
		const struct str_list *names = &seccomp->syscalls.items[i].names;

		for (size_t k = 0; k < names->count; k++)
			if (seccomp_syscall_resolve_name(names->items[k]) == __NR_SCMP_ERROR)
				return error_set(err, 0,
						 "linux.seccomp.syscalls[%zu].names[%zu]: unknown "
						 "system call %s",
						 i, k, names->items[k]);
	}
	return 0;
}

static int add_profile_rules(scmp_filter_ctx filter, uint32_t default_action,
			     const struct config_seccomp *seccomp, struct error *err)
{
	size_t count = 0;

	for (size_t i = 0; i < seccomp->syscalls.count; i++) {
		const struct config_seccomp_rule *rule = &seccomp->syscalls.items[i];

		count += rule->names.count * (rule->args.count ? rule->args.count : 1);
		if (count > RULES_MAX)
			return error_set(err, 0, "linux.seccomp.syscalls: more than %d rules",
					 RULES_MAX);
		if (add_profile_rule(filter, default_action, rule, err) < 0)
			return error_prefix(err, "linux.seccomp.syscalls[%zu]", i);
	}
	return 0;
}

/*
 * Adds the instructions that answer newer calls.  The machine's own architecture comes first, as
 * most calls are of it.
 */
static void add_newer(const struct config_seccomp *seccomp, struct strbuf *bpf)
{
	uint32_t tokens[1 + CONFIG_ARCH_COUNT] = { seccomp_arch_native() };
	bool seen[CONFIG_ARCH_COUNT] = { 0 };
	size_t count = 1;

	for (size_t i = 0; i < seccomp->architectures.count; i++) {
		int arch = seccomp->architectures.items[i];

		if (arch_tokens[arch] == tokens[0] || seen[arch])
			continue;
		seen[arch] = true;
		tokens[count++] = arch_tokens[arch];
	}
	seccomp_add_newer(seccomp, tokens, count, bpf);
}

/* Through a file, as libseccomp before 2.6 can write a filter only to a descriptor. */
static int export_filter(scmp_filter_ctx filter, const struct config_seccomp *seccomp,
			 struct strbuf *ret_bpf, struct error *err)
{
	autostrbuf struct strbuf bpf = { 0 };
	autofree char *bytes = NULL;
	size_t size;
	int r;
	autoclose int fd = memfd_create("seccomp-filter", MFD_CLOEXEC);

	if (fd < 0)
		return error_set(err, errno, "memfd_create for the seccomp filter");
	r = seccomp_export_bpf(filter, fd);
	if (r < 0)
		return error_set(err, -r, "compile linux.seccomp");
	if (lseek(fd, 0, SEEK_SET) < 0)
		return error_set(err, errno, "rewind the seccomp filter");
	r = fd_read_all(fd, (size_t)UINT16_MAX * sizeof(struct sock_filter), &bytes, &size);
	if (r < 0)
		return error_set(err, -r, "read the seccomp filter");
	add_newer(seccomp, &bpf);
	strbuf_add(&bpf, bytes, size);
	if (bpf.size > BPF_MAXINSNS * sizeof(struct sock_filter))
		return error_set(
			err, 0,
			"linux.seccomp: the filter has %zu instructions, and the kernel takes %d",
			bpf.size / sizeof(struct sock_filter), BPF_MAXINSNS);
	strbuf_add(ret_bpf, bpf.bytes, bpf.size);
	return 0;
}

static unsigned int load_flags(const struct config_seccomp *seccomp)
{
	unsigned int flags = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kernel_flags); i++)
		if (seccomp->flags & UINT64_C(1) << i)
			flags |= kernel_flags[i];
	if (seccomp_uses_notify(seccomp))
		return flags | SECCOMP_FILTER_FLAG_NEW_LISTENER;
	/* Without a listener the kernel refuses this flag. */
	if (flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) {
		log_debug("seccomp: WAIT_KILLABLE_RECV is left out, no rule has SCMP_ACT_NOTIFY");
		flags &= ~(unsigned int)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	}
	return flags;
}

bool seccomp_uses_notify(const struct config_seccomp *seccomp)
{
	for (size_t i = 0; i < seccomp->syscalls.count; i++)
		if (seccomp->syscalls.items[i].action == CONFIG_SECCOMP_NOTIFY)
			return true;
	return false;
}

int seccomp_compile(const struct config_seccomp *seccomp, struct strbuf *ret_bpf,
		    unsigned int *ret_load_flags, struct error *err)
{
	__attribute__((cleanup(release_scmp_filter))) scmp_filter_ctx filter = NULL;
	uint32_t default_action = SCMP_ACT_KILL_PROCESS;
	int r;

	if (seccomp->default_action == CONFIG_SECCOMP_NOTIFY)
		return error_set(
			err, 0,
			"linux.seccomp.defaultAction: can't be SCMP_ACT_NOTIFY: the calls that "
			"send the listener would wait for an answer");
	if (action_value(seccomp->default_action, seccomp->default_errno_ret, &default_action,
			 err) < 0)
		return error_prefix(err, "linux.seccomp.defaultErrnoRet");
	filter = seccomp_init(default_action);
	if (!filter)
		return error_set(
			err, 0,
			"linux.seccomp.defaultAction: not known to libseccomp or the kernel");
	/* 2: a binary tree instead of a list. */
	r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r < 0)
		return error_set(err, -r, "order the seccomp filter as a tree");
	if (add_architectures(filter, seccomp, err) < 0 ||
	    add_profile_rules(filter, default_action, seccomp, err) < 0 ||
	    export_filter(filter, seccomp, ret_bpf, err) < 0)
		return -1;
	*ret_load_flags = load_flags(seccomp);
	return 0;
}
