// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "core/seccomp/seccomp.h"
#include "tests/unit/seccomp/bpf.h"

#define NAMES(...)                                                          \
	{                                                                   \
		.items = (char *[]){ __VA_ARGS__ },                         \
		.count = sizeof((char *[]){ __VA_ARGS__ }) / sizeof(char *) \
	}
#define U64(n)            \
	{                 \
		true, (n) \
	}

static uint32_t verdict(const struct strbuf *bpf, int nr, uint64_t arg0, uint64_t arg1)
{
	struct seccomp_data data = { .nr = nr, .arch = OWN_ARCH, .args = { arg0, arg1 } };

	return run_filter(bpf, &data);
}

static void compile(const struct config_seccomp *seccomp, struct strbuf *bpf, unsigned int *flags)
{
	struct error err = ERROR_NONE;

	if (seccomp_compile(seccomp, bpf, flags, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(bpf->size > 0 && bpf->size % sizeof(struct sock_filter) == 0);
}

static void compile_rules(int default_action, struct config_seccomp_rule *rules, size_t count,
			  struct strbuf *bpf)
{
	struct config_seccomp seccomp = { .default_action = default_action };
	unsigned int flags;

	seccomp.syscalls.items = rules;
	seccomp.syscalls.count = count;
	compile(&seccomp, bpf, &flags);
}

static void assert_refused(const struct config_seccomp *seccomp, const char *text)
{
	autostrbuf struct strbuf bpf = { 0 };
	struct error err = ERROR_NONE;
	unsigned int flags = 77;

	assert_int_equal(seccomp_compile(seccomp, &bpf, &flags, &err), -1);
	assert_string_equal(err.text, text);
	assert_int_equal(flags, 77);
}

static void each_action_is_the_kernels(void **state)
{
	static const struct {
		int action;
		struct opt_u64 data;
		uint32_t expected;
	} cases[] = {
		{ CONFIG_SECCOMP_KILL, { 0 }, SECCOMP_RET_KILL_THREAD },
		{ CONFIG_SECCOMP_KILL_THREAD, { 0 }, SECCOMP_RET_KILL_THREAD },
		{ CONFIG_SECCOMP_KILL_PROCESS, { 0 }, SECCOMP_RET_KILL_PROCESS },
		{ CONFIG_SECCOMP_TRAP, { 0 }, SECCOMP_RET_TRAP },
		{ CONFIG_SECCOMP_ERRNO, { 0 }, SECCOMP_RET_ERRNO | EPERM },
		{ CONFIG_SECCOMP_ERRNO, U64(ENOSYS), SECCOMP_RET_ERRNO | ENOSYS },
		{ CONFIG_SECCOMP_ERRNO, U64(0), SECCOMP_RET_ERRNO },
		{ CONFIG_SECCOMP_TRACE, { 0 }, SECCOMP_RET_TRACE | EPERM },
		{ CONFIG_SECCOMP_TRACE, U64(65535), SECCOMP_RET_TRACE | 65535 },
		{ CONFIG_SECCOMP_LOG, { 0 }, SECCOMP_RET_LOG },
		{ CONFIG_SECCOMP_NOTIFY, { 0 }, SECCOMP_RET_USER_NOTIF },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autostrbuf struct strbuf bpf = { 0 };
		struct config_seccomp_rule rule = { .names = NAMES("getppid"),
						    .action = cases[i].action,
						    .errno_ret = cases[i].data };

		compile_rules(CONFIG_SECCOMP_ALLOW, &rule, 1, &bpf);
		assert_int_equal(verdict(&bpf, SYS_getppid, 0, 0), cases[i].expected);
		assert_int_equal(verdict(&bpf, SYS_getpid, 0, 0), SECCOMP_RET_ALLOW);
	}
}

static void default_action_has_its_errno(void **state)
{
	autostrbuf struct strbuf bpf = { 0 };
	struct config_seccomp_rule rule = { .names = NAMES("getpid"),
					    .action = CONFIG_SECCOMP_ALLOW };
	struct config_seccomp seccomp = { .default_action = CONFIG_SECCOMP_ERRNO,
					  .default_errno_ret = U64(ENOSYS),
					  .syscalls = { &rule, 1 } };
	unsigned int flags;

	(void)state;
	compile(&seccomp, &bpf, &flags);
	assert_int_equal(verdict(&bpf, SYS_getppid, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(verdict(&bpf, SYS_getpid, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(flags, 0);
}

/* A number above those of all calls so far. */
#define CALL_OF_TOMORROW 1000

/*
 * A profile in the form of Docker's: in the listed architectures the other calls fail with EPERM.
 */
static struct config_seccomp_rule docker_rules[] = {
	{ .names = NAMES("getpid", "openat2", "no_such_call_ever"),
	  .action = CONFIG_SECCOMP_ALLOW },
	{ .names = NAMES("clone3"), .action = CONFIG_SECCOMP_ERRNO, .errno_ret = U64(EXDEV) },
};

static void calls_newer_than_a_profile_of_errnos_are_unknown_ones(void **state)
{
	autostrbuf struct strbuf bpf = { 0 };
	struct config_seccomp seccomp = { .default_action = CONFIG_SECCOMP_ERRNO,
					  .default_errno_ret = U64(EPERM),
					  .syscalls = { docker_rules, 2 } };
	unsigned int flags;

	(void)state;
	compile(&seccomp, &bpf, &flags);
	assert_int_equal(verdict(&bpf, SYS_getpid, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict(&bpf, SYS_openat2, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict(&bpf, SYS_clone3, 0, 0), SECCOMP_RET_ERRNO | EXDEV);
	/* These calls are older than the newest named call: the profile could have allowed them. */
	assert_int_equal(verdict(&bpf, SYS_mount, 0, 0), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(verdict(&bpf, SYS_close_range, 0, 0), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(SYS_openat2 + 1, 438);
	assert_int_equal(verdict(&bpf, SYS_openat2 + 1, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(verdict(&bpf, CALL_OF_TOMORROW, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
	/* A rule with the default action names a known call too. */
	docker_rules[1].names.items[0] = "faccessat2";
	docker_rules[1].errno_ret.value = EPERM;
	strbuf_release(&bpf);
	compile(&seccomp, &bpf, &flags);
	assert_int_equal(verdict(&bpf, SYS_openat2 + 1, 0, 0), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(verdict(&bpf, SYS_faccessat2, 0, 0), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(verdict(&bpf, SYS_faccessat2 + 1, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
	docker_rules[1].names.items[0] = "clone3";
	docker_rules[1].errno_ret.value = EXDEV;
}

static void newer_calls_are_unknown_ones_where_the_default_action_refuses(void **state)
{
	static const struct {
		int action;
		struct opt_u64 data;
		uint32_t expected;
	} cases[] = {
		{ CONFIG_SECCOMP_KILL, { 0 }, SECCOMP_RET_ERRNO | ENOSYS },
		{ CONFIG_SECCOMP_KILL_THREAD, { 0 }, SECCOMP_RET_ERRNO | ENOSYS },
		{ CONFIG_SECCOMP_KILL_PROCESS, { 0 }, SECCOMP_RET_ERRNO | ENOSYS },
		{ CONFIG_SECCOMP_TRAP, { 0 }, SECCOMP_RET_ERRNO | ENOSYS },
		{ CONFIG_SECCOMP_TRACE, { 0 }, SECCOMP_RET_TRACE | EPERM },
		{ CONFIG_SECCOMP_LOG, { 0 }, SECCOMP_RET_LOG },
		{ CONFIG_SECCOMP_ALLOW, { 0 }, SECCOMP_RET_ALLOW },
		{ CONFIG_SECCOMP_ERRNO, U64(ENOSYS), SECCOMP_RET_ERRNO | ENOSYS },
		{ CONFIG_SECCOMP_ERRNO, U64(ENXIO), SECCOMP_RET_ERRNO | ENOSYS },
		{ CONFIG_SECCOMP_ERRNO, { 0 }, SECCOMP_RET_ERRNO | ENOSYS },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autostrbuf struct strbuf bpf = { 0 };
		struct config_seccomp seccomp = { .default_action = cases[i].action,
						  .default_errno_ret = cases[i].data,
						  .syscalls = { &docker_rules[1], 1 } };
		unsigned int flags;

		compile(&seccomp, &bpf, &flags);
		assert_int_equal(verdict(&bpf, CALL_OF_TOMORROW, 0, 0), cases[i].expected);
	}
}

static void older_calls_keep_a_default_action_that_kills(void **state)
{
	autostrbuf struct strbuf bpf = { 0 };
	struct config_seccomp_rule rule = { .names = NAMES("execve", "openat2"),
					    .action = CONFIG_SECCOMP_ALLOW };

	(void)state;
	compile_rules(CONFIG_SECCOMP_KILL_PROCESS, &rule, 1, &bpf);
	assert_int_equal(verdict(&bpf, SYS_openat2, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict(&bpf, SYS_clone3, 0, 0), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(verdict(&bpf, SYS_faccessat2, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
}

static void a_profile_that_names_no_call_has_no_age(void **state)
{
	autostrbuf struct strbuf bpf = { 0 };
	struct config_seccomp_rule rule = { .names = NAMES("no_such_call_ever"),
					    .action = CONFIG_SECCOMP_ALLOW };

	(void)state;
	compile_rules(CONFIG_SECCOMP_ERRNO, &rule, 1, &bpf);
	assert_int_equal(verdict(&bpf, CALL_OF_TOMORROW, 0, 0), SECCOMP_RET_ERRNO | EPERM);
}

/* Returns the filter's verdict on call @nr of a foreign architecture. */
static uint32_t foreign_verdict(const struct strbuf *bpf, uint32_t arch, uint32_t nr)
{
	struct seccomp_data data = { .nr = (int)nr, .arch = arch };

	return run_filter(bpf, &data);
}

static void each_architecture_has_its_own_newest_call(void **state)
{
	autostrbuf struct strbuf bpf = { 0 };
	struct config_seccomp_rule rule = { .names = NAMES("openat2", "set_tls"),
					    .action = CONFIG_SECCOMP_ALLOW };
	struct config_seccomp seccomp = {
		.default_action = CONFIG_SECCOMP_ERRNO,
		.architectures = { (int[]){ CONFIG_ARCH_ARM, CONFIG_ARCH_MIPSEL64,
					    CONFIG_ARCH_AARCH64, CONFIG_ARCH_ARM },
				   4 },
		.syscalls = { &rule, 1 },
	};
	unsigned int flags;

	(void)state;
	compile(&seccomp, &bpf, &flags);
	assert_int_equal(verdict(&bpf, 438, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(foreign_verdict(&bpf, AUDIT_ARCH_AARCH64, 437), SECCOMP_RET_ALLOW);
	assert_int_equal(foreign_verdict(&bpf, AUDIT_ARCH_AARCH64, 438),
			 SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(foreign_verdict(&bpf, AUDIT_ARCH_MIPSEL64, 5437), SECCOMP_RET_ALLOW);
	assert_int_equal(foreign_verdict(&bpf, AUDIT_ARCH_MIPSEL64, 5438),
			 SECCOMP_RET_ERRNO | ENOSYS);
	/* 32-bit ARM has calls of its own, with numbers far above all others. */
	assert_int_equal(foreign_verdict(&bpf, AUDIT_ARCH_ARM, 438), SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(foreign_verdict(&bpf, AUDIT_ARCH_ARM, 0x0f0005), SECCOMP_RET_ALLOW);
	assert_int_equal(foreign_verdict(&bpf, AUDIT_ARCH_ARM, 0x0f0002),
			 SECCOMP_RET_ERRNO | EPERM);
	/* A call of an architecture that isn't listed kills the thread, whatever its number. */
	assert_int_equal(foreign_verdict(&bpf, AUDIT_ARCH_S390X, CALL_OF_TOMORROW),
			 SECCOMP_RET_KILL_THREAD);
}

#if defined(__x86_64__)
static void the_two_halves_of_x86_64_are_apart(void **state)
{
	static const uint32_t x32 = 0x40000000;
	autostrbuf struct strbuf bpf = { 0 };
	struct config_seccomp_rule rule = { .names = NAMES("getpid", "openat2"),
					    .action = CONFIG_SECCOMP_ALLOW };
	struct config_seccomp seccomp = { .default_action = CONFIG_SECCOMP_ERRNO,
					  .syscalls = { &rule, 1 } };
	unsigned int flags;

	(void)state;
	compile(&seccomp, &bpf, &flags);
	assert_int_equal(foreign_verdict(&bpf, OWN_ARCH, x32 + 39), SECCOMP_RET_KILL_THREAD);
	assert_int_equal(foreign_verdict(&bpf, OWN_ARCH, x32 + 1000), SECCOMP_RET_KILL_THREAD);
	strbuf_release(&bpf);
	seccomp.architectures.items = (int[]){ CONFIG_ARCH_X86_64, CONFIG_ARCH_X32 };
	seccomp.architectures.count = 2;
	compile(&seccomp, &bpf, &flags);
	assert_int_equal(foreign_verdict(&bpf, OWN_ARCH, 1000), SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(foreign_verdict(&bpf, OWN_ARCH, x32 + 39), SECCOMP_RET_ALLOW);
	assert_int_equal(foreign_verdict(&bpf, OWN_ARCH, x32 + 40), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(foreign_verdict(&bpf, OWN_ARCH, x32 + 1000), SECCOMP_RET_ERRNO | ENOSYS);
}
#endif

static void each_operator_compares_unsigned_64_bits(void **state)
{
	/* A processor of 32 bits passes no more. */
	const uint64_t above = sizeof(long) > sizeof(uint32_t) ? UINT64_C(1) << 32 : 1 << 16;
	const uint64_t low = above + 4, mid = above + 5, high = 2 * above + 4;
	static const struct {
		int op;
		bool low, mid, high; /* whether a lower, the same and a higher value match */
	} cases[] = {
		{ CONFIG_SECCOMP_NE, true, false, true }, { CONFIG_SECCOMP_LT, true, false, false },
		{ CONFIG_SECCOMP_LE, true, true, false }, { CONFIG_SECCOMP_EQ, false, true, false },
		{ CONFIG_SECCOMP_GE, false, true, true }, { CONFIG_SECCOMP_GT, false, false, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autostrbuf struct strbuf bpf = { 0 };
		struct config_seccomp_arg arg = { .index = U64(1),
						  .value = U64(mid),
						  .op = cases[i].op };
		struct config_seccomp_rule rule = { .names = NAMES("kill"),
						    .action = CONFIG_SECCOMP_ERRNO,
						    .args = { &arg, 1 } };

		compile_rules(CONFIG_SECCOMP_ALLOW, &rule, 1, &bpf);
		assert_int_equal(verdict(&bpf, SYS_kill, 0, low) == SECCOMP_RET_ALLOW,
				 !cases[i].low);
		assert_int_equal(verdict(&bpf, SYS_kill, 0, mid) == SECCOMP_RET_ALLOW,
				 !cases[i].mid);
		assert_int_equal(verdict(&bpf, SYS_kill, 0, high) == SECCOMP_RET_ALLOW,
				 !cases[i].high);
	}
}

static void masked_eq_has_the_mask_first(void **state)
{
	autostrbuf struct strbuf bpf = { 0 };
	struct config_seccomp_arg arg = { .index = U64(0),
					  .value = U64(0xff00),
					  .value_two = U64(0x1200),
					  .op = CONFIG_SECCOMP_MASKED_EQ };
	struct config_seccomp_rule rule = { .names = NAMES("personality"),
					    .action = CONFIG_SECCOMP_ALLOW,
					    .args = { &arg, 1 } };

	(void)state;
	compile_rules(CONFIG_SECCOMP_ERRNO, &rule, 1, &bpf);
	assert_int_equal(verdict(&bpf, SYS_personality, 0x1234, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict(&bpf, SYS_personality, 0x1334, 0), SECCOMP_RET_ERRNO | EPERM);
}

static void several_arguments_must_all_match(void **state)
{
	autostrbuf struct strbuf bpf = { 0 };
	struct config_seccomp_arg args[] = {
		{ .index = U64(0), .value = U64(1), .op = CONFIG_SECCOMP_EQ },
		{ .index = U64(1), .value = U64(2), .op = CONFIG_SECCOMP_EQ },
	};
	struct config_seccomp_rule rule = { .names = NAMES("kill"),
					    .action = CONFIG_SECCOMP_ALLOW,
					    .args = { args, 2 } };

	(void)state;
	compile_rules(CONFIG_SECCOMP_ERRNO, &rule, 1, &bpf);
	assert_int_equal(verdict(&bpf, SYS_kill, 1, 2), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict(&bpf, SYS_kill, 1, 3), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(verdict(&bpf, SYS_kill, 0, 2), SECCOMP_RET_ERRNO | EPERM);
}

static void an_argument_that_is_named_twice_means_or(void **state)
{
	autostrbuf struct strbuf bpf = { 0 };
	struct config_seccomp_arg args[] = {
		{ .index = U64(0), .value = U64(8), .op = CONFIG_SECCOMP_EQ },
		{ .index = U64(0), .value = U64(131072), .op = CONFIG_SECCOMP_EQ },
	};
	struct config_seccomp_rule rule = { .names = NAMES("personality"),
					    .action = CONFIG_SECCOMP_ALLOW,
					    .args = { args, 2 } };

	(void)state;
	compile_rules(CONFIG_SECCOMP_ERRNO, &rule, 1, &bpf);
	assert_int_equal(verdict(&bpf, SYS_personality, 8, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict(&bpf, SYS_personality, 131072, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict(&bpf, SYS_personality, 9, 0), SECCOMP_RET_ERRNO | EPERM);
}

static void unknown_calls_and_rules_of_the_default_action_are_skipped(void **state)
{
	autostrbuf struct strbuf bpf = { 0 };
	struct config_seccomp_rule rules[] = {
		{ .names = NAMES("no_such_call_ever", "getpid"), .action = CONFIG_SECCOMP_ERRNO },
		{ .names = NAMES("getppid"), .action = CONFIG_SECCOMP_ALLOW },
	};

	(void)state;
	compile_rules(CONFIG_SECCOMP_ALLOW, rules, 2, &bpf);
	assert_int_equal(verdict(&bpf, SYS_getpid, 0, 0), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(verdict(&bpf, SYS_getppid, 0, 0), SECCOMP_RET_ALLOW);
}

static void errors_name_the_place(void **state)
{
	struct config_seccomp_arg arg = { .index = U64(6), .op = CONFIG_SECCOMP_EQ };
	struct config_seccomp_rule rules[] = {
		{ .names = NAMES("getpid"), .action = CONFIG_SECCOMP_ERRNO },
		{ .names = NAMES("getppid"),
		  .action = CONFIG_SECCOMP_ERRNO,
		  .errno_ret = U64(4096) },
	};
	struct config_seccomp seccomp = { .default_action = CONFIG_SECCOMP_ALLOW,
					  .syscalls = { rules, 2 } };

	(void)state;
	assert_refused(
		&seccomp,
		"linux.seccomp.syscalls[1]: errnoRet: 4096 is above 4095, the highest errno");
	rules[1].errno_ret.set = false;
	rules[1].args.items = &arg;
	rules[1].args.count = 1;
	assert_refused(&seccomp,
		       "linux.seccomp.syscalls[1]: args[0].index: a system call has 6 arguments");
	arg.index.value = 0;
	rules[0] = rules[1];
	rules[0].errno_ret = (struct opt_u64)U64(ENOSYS);
	assert_refused(
		&seccomp,
		"linux.seccomp.syscalls[1]: names[0]: the rule for getppid contradicts an earlier one");
	rules[1].args.count = 0;
	seccomp.architectures.items = (int[]){ CONFIG_ARCH_S390X };
	seccomp.architectures.count = 1;
	assert_refused(
		&seccomp,
		"linux.seccomp.architectures[0]: SCMP_ARCH_S390X has another byte order than this machine");
}

static void what_would_wait_for_itself_is_refused(void **state)
{
	struct config_seccomp_rule rule = { .names = NAMES("read", "sendmsg"),
					    .action = CONFIG_SECCOMP_NOTIFY };
	struct config_seccomp seccomp = { .default_action = CONFIG_SECCOMP_ALLOW,
					  .syscalls = { &rule, 1 } };

	(void)state;
	assert_refused(&seccomp,
		       "linux.seccomp.syscalls[0]: names[1]: sendmsg can't have SCMP_ACT_NOTIFY: "
		       "the listener is sent by it");
	seccomp.default_action = CONFIG_SECCOMP_NOTIFY;
	assert_refused(
		&seccomp,
		"linux.seccomp.defaultAction: can't be SCMP_ACT_NOTIFY: the calls that send the "
		"listener would wait for an answer");
}

static void other_architectures_are_added_to_our_own(void **state)
{
	autostrbuf struct strbuf bpf = { 0 };
	struct config_seccomp_rule rule = { .names = NAMES("getpid"),
					    .action = CONFIG_SECCOMP_ERRNO };
	struct config_seccomp seccomp = { .default_action = CONFIG_SECCOMP_ALLOW,
					  .architectures = { (int[]){ CONFIG_ARCH_RISCV64 }, 1 },
					  .syscalls = { &rule, 1 } };
	struct seccomp_data foreign = { .nr = 172 /* getpid on RISC-V */,
					.arch = AUDIT_ARCH_RISCV64 };
	struct seccomp_data unknown = { .nr = 172, .arch = AUDIT_ARCH_MIPSEL };
	unsigned int flags;

	(void)state;
	compile(&seccomp, &bpf, &flags);
	assert_int_equal(verdict(&bpf, SYS_getpid, 0, 0), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(run_filter(&bpf, &foreign), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(run_filter(&bpf, &unknown), SECCOMP_RET_KILL_THREAD);
}

static void flags_are_the_kernels(void **state)
{
	autostrbuf struct strbuf bpf = { 0 };
	struct config_seccomp_rule rule = { .names = NAMES("mknod"),
					    .action = CONFIG_SECCOMP_ERRNO };
	struct config_seccomp seccomp = { .default_action = CONFIG_SECCOMP_ALLOW,
					  .flags = 1u << CONFIG_SECCOMP_FLAG_TSYNC |
						   1u << CONFIG_SECCOMP_FLAG_LOG |
						   1u << CONFIG_SECCOMP_FLAG_SPEC_ALLOW |
						   1u << CONFIG_SECCOMP_FLAG_WAIT_KILLABLE_RECV,
					  .syscalls = { &rule, 1 } };
	unsigned int flags;

	(void)state;
	compile(&seccomp, &bpf, &flags);
	assert_int_equal(flags, 1 | 2 | 4);
	rule.action = CONFIG_SECCOMP_NOTIFY;
	strbuf_release(&bpf);
	bpf = (struct strbuf){ 0 };
	compile(&seccomp, &bpf, &flags);
	assert_int_equal(flags, 1 | 2 | 4 | 8 | 32);
	assert_true(seccomp_uses_notify(&seccomp));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_action_is_the_kernels),
		cmocka_unit_test(default_action_has_its_errno),
		cmocka_unit_test(calls_newer_than_a_profile_of_errnos_are_unknown_ones),
		cmocka_unit_test(newer_calls_are_unknown_ones_where_the_default_action_refuses),
		cmocka_unit_test(older_calls_keep_a_default_action_that_kills),
		cmocka_unit_test(a_profile_that_names_no_call_has_no_age),
		cmocka_unit_test(each_architecture_has_its_own_newest_call),
#if defined(__x86_64__)
		cmocka_unit_test(the_two_halves_of_x86_64_are_apart),
#endif
		cmocka_unit_test(each_operator_compares_unsigned_64_bits),
		cmocka_unit_test(masked_eq_has_the_mask_first),
		cmocka_unit_test(several_arguments_must_all_match),
		cmocka_unit_test(an_argument_that_is_named_twice_means_or),
		cmocka_unit_test(unknown_calls_and_rules_of_the_default_action_are_skipped),
		cmocka_unit_test(errors_name_the_place),
		cmocka_unit_test(what_would_wait_for_itself_is_refused),
		cmocka_unit_test(other_architectures_are_added_to_our_own),
		cmocka_unit_test(flags_are_the_kernels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
