// SPDX-License-Identifier: Apache-2.0
/*
 * The numbers of the calls are those of the kernel's tables (arch/…/syscall.tbl, unistd_32.h), not of
 * the library that the filter is made with.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/seccomp/root_emulation.h"
#include "core/seccomp/seccomp.h"
#include "core/seccomp/seccomp_load.h"
#include "tests/unit/seccomp/bpf.h"

#define SUCCESS (SECCOMP_RET_ERRNO | 0)
#define KERNEL	SECCOMP_RET_ALLOW

#define X32 0x40000000

/* The arguments of a call, from the first on. */
#define ARGS(...) ((const uint64_t[6]){ __VA_ARGS__ })

/* Garbage in the upper half of a 64-bit register, which the kernel doesn't look at. */
#define DIRTY UINT64_C(0xdeadbeef00000000)

/* @arch of this processor family. */
#if defined(__x86_64__)
#define ARCH_32	     AUDIT_ARCH_I386
#define NR_CHOWNAT   260
#define NR_FCHOWN    93
#define NR_SETUID    105
#define NR_SETGID    106
#define NR_SETREUID  113
#define NR_SETREGID  114
#define NR_SETGROUPS 116
#define NR_SETRESUID 117
#define NR_SETRESGID 119
#define NR_MKNODAT   259
#define NR_SETFSUID  122
#define NR_CAPSET    126
#define NR_FSETXATTR 190
#define NR_WRITE     1
#elif defined(__aarch64__)
#define ARCH_32	     AUDIT_ARCH_ARM
#define NR_CHOWNAT   54
#define NR_FCHOWN    55
#define NR_SETUID    146
#define NR_SETGID    144
#define NR_SETREUID  145
#define NR_SETREGID  143
#define NR_SETGROUPS 159
#define NR_SETRESUID 147
#define NR_SETRESGID 149
#define NR_MKNODAT   33
#define NR_SETFSUID  151
#define NR_CAPSET    91
#define NR_FSETXATTR 7
#define NR_WRITE     64
#else
/* The call with ids of 32 bits, where the processor has two. */
#ifdef SYS_setuid32
#define NR_OF_IDS(name) SYS_##name##32
#else
#define NR_OF_IDS(name) SYS_##name
#endif
#define NR_CHOWNAT   SYS_fchownat
#define NR_FCHOWN    NR_OF_IDS(fchown)
#define NR_SETUID    NR_OF_IDS(setuid)
#define NR_SETGID    NR_OF_IDS(setgid)
#define NR_SETREUID  NR_OF_IDS(setreuid)
#define NR_SETREGID  NR_OF_IDS(setregid)
#define NR_SETGROUPS NR_OF_IDS(setgroups)
#define NR_SETRESUID NR_OF_IDS(setresuid)
#define NR_SETRESGID NR_OF_IDS(setresgid)
#define NR_MKNODAT   SYS_mknodat
#define NR_SETFSUID  NR_OF_IDS(setfsuid)
#define NR_CAPSET    SYS_capset
#define NR_FSETXATTR SYS_fsetxattr
#define NR_WRITE     SYS_write
#if defined(__i386__)
#define ARCH_32 AUDIT_ARCH_I386
#elif defined(__arm__)
#define ARCH_32 AUDIT_ARCH_ARM
#elif defined(__s390x__)
#define ARCH_32 AUDIT_ARCH_S390
#else
/* Its kernel runs no other programs. */
#define ARCH_32 0
#endif
#endif

/* The same in the tables of 32 bits of x86, arm and s390. */
#define NR32_LCHOWN16	 16
#define NR32_MKNOD	 14
#define NR32_SETUID16	 23
#define NR32_FCHOWN16	 95
#define NR32_SETRESUID16 164
#define NR32_CHOWN16	 182
#define NR32_LCHOWN	 198
#define NR32_SETREUID	 203
#define NR32_SETGROUPS	 206
#define NR32_CHOWN	 212
#define NR32_SETUID	 213
#define NR32_SETGID	 214
#if defined(__x86_64__) || defined(__i386__)
#define NR32_FCHOWNAT 298
#elif defined(__s390x__)
#define NR32_FCHOWNAT 291
#else
#define NR32_FCHOWNAT 325
#endif

static struct strbuf filter;

static void compile(const struct emulated_root *root)
{
	strbuf_release(&filter);
	root_emulation_compile(root, &filter);
}

/* As a user without subids has it; uid and gid differ, so that a test sees which one is compared. */
static const struct emulated_root one_id = {
	.uids = { .ranges = { { 0, 0 } }, .count = 1 },
	.gids = { .ranges = { { 7, 7 } }, .count = 1 },
	.setgroups_denied = true,
};

static int compile_one_id(void **state)
{
	(void)state;
	compile(&one_id);
	return 0;
}

static int release(void **state)
{
	(void)state;
	strbuf_release(&filter);
	return 0;
}

static uint32_t ask(uint32_t arch, uint32_t number, const uint64_t args[6])
{
	struct seccomp_data data = { .arch = arch, .nr = (int)number };

	memcpy(data.args, args, sizeof(data.args));
	return run_filter(&filter, &data);
}

static void assert_answer(uint32_t arch, uint32_t number, const uint64_t args[6], uint32_t expected)
{
	uint32_t answer = ask(arch, number, args);

	if (answer != expected)
		fail_msg("call %#x of %#x: %#x, expected %#x", number, arch, answer, expected);
}

/* ---- ids ---- */

static void an_owner_without_a_mapping_is_answered_and_others_go_to_the_kernel(void **state)
{
	const uint64_t none = 0xffffffff;

	(void)state;
	assert_answer(OWN_ARCH, NR_CHOWNAT, ARGS(3, 4, 0, 7, 0), KERNEL);
	assert_answer(OWN_ARCH, NR_CHOWNAT, ARGS(3, 4, none, none, 0), KERNEL);
	assert_answer(OWN_ARCH, NR_CHOWNAT, ARGS(3, 4, none, 7, 0), KERNEL);
	assert_answer(OWN_ARCH, NR_CHOWNAT, ARGS(3, 4, 0, none, 0), KERNEL);
	assert_answer(OWN_ARCH, NR_CHOWNAT, ARGS(3, 4, 1, none, 0), SUCCESS);
	assert_answer(OWN_ARCH, NR_CHOWNAT, ARGS(3, 4, none, 1, 0), SUCCESS);
	assert_answer(OWN_ARCH, NR_CHOWNAT, ARGS(3, 4, 0, 8, 0), SUCCESS);
	/* The uid is compared with the uids, the gid with the gids. */
	assert_answer(OWN_ARCH, NR_CHOWNAT, ARGS(3, 4, 7, 0, 0), SUCCESS);
	assert_answer(OWN_ARCH, NR_FCHOWN, ARGS(3, 0, 7), KERNEL);
	assert_answer(OWN_ARCH, NR_FCHOWN, ARGS(3, 33, 7), SUCCESS);
	/* An id above 2^31 isn't negative; 2^32-2 is the largest. */
	assert_answer(OWN_ARCH, NR_FCHOWN, ARGS(3, 0x80000000, 7), SUCCESS);
	assert_answer(OWN_ARCH, NR_FCHOWN, ARGS(3, 0xfffffffe, 7), SUCCESS);
	/* 16 bits aren't compared where an id has 32. */
	assert_answer(OWN_ARCH, NR_FCHOWN, ARGS(3, 0xffff, 7), SUCCESS);
	assert_answer(OWN_ARCH, NR_FCHOWN, ARGS(3, 0x10000, 7), SUCCESS);
}

static void the_upper_half_of_an_argument_counts_as_little_as_in_the_kernel(void **state)
{
	(void)state;
	assert_answer(OWN_ARCH, NR_FCHOWN, ARGS(3, UINT64_MAX, UINT64_MAX), KERNEL);
	assert_answer(OWN_ARCH, NR_FCHOWN, ARGS(3, DIRTY | 0xffffffff, DIRTY | 7), KERNEL);
	assert_answer(OWN_ARCH, NR_FCHOWN, ARGS(3, DIRTY, DIRTY | 7), KERNEL);
	assert_answer(OWN_ARCH, NR_FCHOWN, ARGS(3, DIRTY | 1, 7), SUCCESS);
	assert_answer(OWN_ARCH, NR_MKNODAT, ARGS(3, 4, DIRTY | S_IFIFO), KERNEL);
	assert_answer(OWN_ARCH, NR_MKNODAT, ARGS(3, 4, DIRTY | S_IFCHR, DIRTY), KERNEL);
	assert_answer(OWN_ARCH, NR_MKNODAT, ARGS(3, 4, DIRTY | S_IFBLK, 1), SUCCESS);
}

static void changes_of_ids_are_answered_where_one_has_no_mapping(void **state)
{
	const uint64_t none = UINT64_MAX;

	(void)state;
	assert_answer(OWN_ARCH, NR_SETUID, ARGS(0), KERNEL);
	assert_answer(OWN_ARCH, NR_SETUID, ARGS(7), SUCCESS);
	assert_answer(OWN_ARCH, NR_SETGID, ARGS(7), KERNEL);
	assert_answer(OWN_ARCH, NR_SETGID, ARGS(0), SUCCESS);
	/* EINVAL, which is the truth. */
	assert_answer(OWN_ARCH, NR_SETUID, ARGS(none), KERNEL);
	assert_answer(OWN_ARCH, NR_SETREUID, ARGS(none, 0), KERNEL);
	assert_answer(OWN_ARCH, NR_SETREUID, ARGS(none, 105), SUCCESS);
	assert_answer(OWN_ARCH, NR_SETREGID, ARGS(7, none), KERNEL);
	assert_answer(OWN_ARCH, NR_SETREGID, ARGS(105, none), SUCCESS);
	for (unsigned int i = 0; i < 3; i++) {
		uint64_t uids[6] = { 0, none, 0 }, gids[6] = { none, 7, 7 };

		assert_answer(OWN_ARCH, NR_SETRESUID, uids, KERNEL);
		assert_answer(OWN_ARCH, NR_SETRESGID, gids, KERNEL);
		uids[i] = gids[i] = 105;
		assert_answer(OWN_ARCH, NR_SETRESUID, uids, SUCCESS);
		assert_answer(OWN_ARCH, NR_SETRESGID, gids, SUCCESS);
	}
	assert_answer(OWN_ARCH, NR_SETGROUPS, ARGS(0), SUCCESS);
	assert_answer(OWN_ARCH, NR_SETGROUPS, ARGS(2, 0x1000), SUCCESS);
}

static void what_can_succeed_or_never_fails_goes_to_the_kernel(void **state)
{
	(void)state;
	assert_answer(OWN_ARCH, NR_SETFSUID, ARGS(105), KERNEL);
	assert_answer(OWN_ARCH, NR_CAPSET, ARGS(1, 1), KERNEL);
	assert_answer(OWN_ARCH, NR_FSETXATTR, ARGS(1, 1), KERNEL);
	assert_answer(OWN_ARCH, NR_WRITE, ARGS(105, 105, 105), KERNEL);
	assert_answer(AUDIT_ARCH_SPARC64, NR_FCHOWN, ARGS(3, 105, 105), KERNEL);
}

static void with_setgroups_allowed_the_kernel_decides_on_groups(void **state)
{
	struct emulated_root root = one_id;

	(void)state;
	root.setgroups_denied = false;
	compile(&root);
	assert_answer(OWN_ARCH, NR_SETGROUPS, ARGS(0), KERNEL);
	assert_answer(OWN_ARCH, NR_SETUID, ARGS(7), SUCCESS);
}

static void several_ranges_are_compared_at_their_ends(void **state)
{
	struct emulated_root root = { .gids = { .ranges = { { 0, UINT32_MAX - 1 } }, .count = 1 } };

	(void)state;
	for (size_t i = 0; i < EMULATED_RANGES_MAX; i++)
		root.uids.ranges[root.uids.count++] =
			(struct emulated_range){ (uint32_t)i * 1000, (uint32_t)i * 1000 + 9 };
	compile(&root);
	for (uint64_t i = 0; i < EMULATED_RANGES_MAX; i++) {
		assert_answer(OWN_ARCH, NR_SETRESUID, ARGS(i * 1000, i * 1000 + 9, 5), KERNEL);
		assert_answer(OWN_ARCH, NR_SETRESUID, ARGS(0, i * 1000 + 10, 5), SUCCESS);
		assert_answer(OWN_ARCH, NR_SETRESUID, ARGS(0, 0, i * 1000 - 1),
			      i == 0 ? KERNEL : SUCCESS);
	}
	assert_answer(OWN_ARCH, NR_SETRESGID, ARGS(0, 70000, UINT32_MAX - 1), KERNEL);
	/* No range at all: only -1 goes to the kernel. */
	root.uids.count = 0;
	compile(&root);
	assert_answer(OWN_ARCH, NR_SETUID, ARGS(0), SUCCESS);
	assert_answer(OWN_ARCH, NR_SETUID, ARGS(0xffffffff), KERNEL);
}

/* ---- nodes ---- */

static void nodes_of_devices_are_answered_and_all_else_is_made(void **state)
{
	static const mode_t real[] = { 0, S_IFREG, S_IFIFO, S_IFSOCK, S_IFDIR, S_IFLNK };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(real); i++)
		assert_answer(OWN_ARCH, NR_MKNODAT, ARGS(3, 4, real[i] | 0644, 5), KERNEL);
	assert_answer(OWN_ARCH, NR_MKNODAT, ARGS(3, 4, S_IFBLK | 0600, 0), SUCCESS);
	assert_answer(OWN_ARCH, NR_MKNODAT, ARGS(3, 4, S_IFCHR | 0666, makedev(1, 3)), SUCCESS);
	assert_answer(OWN_ARCH, NR_MKNODAT, ARGS(3, 4, S_IFCHR, 0), KERNEL);
	/* mode_t of a system call has 16 bits. */
	assert_answer(OWN_ARCH, NR_MKNODAT, ARGS(3, 4, 0x70000 | S_IFIFO, 5), KERNEL);
}

/* ---- other architectures ---- */

static void programs_of_32_bits_have_16_bit_ids_too(void **state)
{
	(void)state;
	if (!ARCH_32)
		skip();
	assert_answer(ARCH_32, NR32_CHOWN16, ARGS(3, 0, 7), KERNEL);
	assert_answer(ARCH_32, NR32_CHOWN16, ARGS(3, 0xffff, 0xffff), KERNEL);
	assert_answer(ARCH_32, NR32_CHOWN16, ARGS(3, 0xffffffff, 7), KERNEL);
	assert_answer(ARCH_32, NR32_CHOWN16, ARGS(3, 0xabcd0000, 7), KERNEL);
	assert_answer(ARCH_32, NR32_CHOWN16, ARGS(3, 33, 7), SUCCESS);
	assert_answer(ARCH_32, NR32_LCHOWN16, ARGS(3, 0, 33), SUCCESS);
	assert_answer(ARCH_32, NR32_FCHOWN16, ARGS(3, 0xfffe, 7), SUCCESS);
	assert_answer(ARCH_32, NR32_SETUID16, ARGS(33), SUCCESS);
	assert_answer(ARCH_32, NR32_SETUID16, ARGS(0x10000), KERNEL);
	assert_answer(ARCH_32, NR32_SETRESUID16, ARGS(0xffff, 0, 33), SUCCESS);
	assert_answer(ARCH_32, NR32_SETRESUID16, ARGS(0xffff, 0, 0xffff), KERNEL);
}

static void programs_of_32_bits_have_32_bit_ids(void **state)
{
	(void)state;
	if (!ARCH_32)
		skip();
	assert_answer(ARCH_32, NR32_CHOWN, ARGS(3, 0xffffffff, 7), KERNEL);
	assert_answer(ARCH_32, NR32_CHOWN, ARGS(3, 0xffff, 7), SUCCESS);
	assert_answer(ARCH_32, NR32_LCHOWN, ARGS(3, 0x10000, 7), SUCCESS);
	assert_answer(ARCH_32, NR32_FCHOWNAT, ARGS(3, 4, 0, 7), KERNEL);
	assert_answer(ARCH_32, NR32_FCHOWNAT, ARGS(3, 4, 33, 7), SUCCESS);
	assert_answer(ARCH_32, NR32_SETREUID, ARGS(0xffffffff, 33), SUCCESS);
	assert_answer(ARCH_32, NR32_SETUID, ARGS(0x10000), SUCCESS);
	assert_answer(ARCH_32, NR32_SETGID, ARGS(7), KERNEL);
	assert_answer(ARCH_32, NR32_SETGROUPS, ARGS(0), SUCCESS);
	assert_answer(ARCH_32, NR32_MKNOD, ARGS(3, S_IFBLK, 0), SUCCESS);
	assert_answer(ARCH_32, NR32_MKNOD, ARGS(3, S_IFIFO, 5), KERNEL);
	/* 93 is fchown on x86-64 and ftruncate here. */
	assert_answer(ARCH_32, 93, ARGS(3, 33, 33), KERNEL);
}

#if defined(__x86_64__)
static void x86_64_has_older_calls_and_x32(void **state)
{
	(void)state;
	assert_answer(OWN_ARCH, 92, ARGS(3, 33, 7), SUCCESS); /* chown */
	assert_answer(OWN_ARCH, 94, ARGS(3, 0, 7), KERNEL);   /* lchown */
	assert_answer(OWN_ARCH, 94, ARGS(3, 0, 33), SUCCESS);
	assert_answer(OWN_ARCH, 133, ARGS(3, S_IFBLK, 5), SUCCESS); /* mknod */
	assert_answer(OWN_ARCH, X32 | NR_FCHOWN, ARGS(3, 33, 7), SUCCESS);
	assert_answer(OWN_ARCH, X32 | NR_FCHOWN, ARGS(3, 0, 7), KERNEL);
	assert_answer(OWN_ARCH, X32 | NR_MKNODAT, ARGS(3, 4, S_IFCHR, 5), SUCCESS);
}
#endif

/* ---- the kernel ---- */

/*
 * In a process of its own, which ends with 0, or with the line where it failed.
 */
#define IN_CHILD_EXPECT(condition)                                  \
	do {                                                        \
		if (!(condition))                                   \
			_exit(__LINE__ & 127 ? __LINE__ & 127 : 1); \
	} while (0)

static void load(const struct strbuf *bpf)
{
	struct error err = ERROR_NONE;
	int none;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	IN_CHILD_EXPECT(seccomp_load_program(bpf->bytes, bpf->size, 0, &none, &err) == 0);
}

static void compile_for_self(void)
{
	const struct emulated_root root = {
		.uids = { .ranges = { { getuid(), getuid() } }, .count = 1 },
		.gids = { .ranges = { { getgid(), getgid() } }, .count = 1 },
		.setgroups_denied = true,
	};

	compile(&root);
}

static void assert_child_succeeds(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status != 0)
		fail_msg("the child: status %#x (line modulo 128: %d)", status,
			 WEXITSTATUS(status));
}

static void the_kernel_takes_the_filter_and_answers_by_it(void **state)
{
	pid_t pid;

	(void)state;
	compile_for_self();
	pid = fork();
	if (pid == 0) {
		uid_t other = getuid() + 1;

		load(&filter);
		IN_CHILD_EXPECT(chown("/", other, (gid_t)-1) == 0);
		IN_CHILD_EXPECT(lchown("/no/such", other, other) == 0);
		IN_CHILD_EXPECT(fchown(0, other, (gid_t)-1) == 0);
		IN_CHILD_EXPECT(chown("/no/such", getuid(), getgid()) < 0 && errno == ENOENT);
		IN_CHILD_EXPECT(fchown(-1, getuid(), (gid_t)-1) < 0 && errno == EBADF);
		IN_CHILD_EXPECT(setresuid(other, other, other) == 0 && geteuid() == other - 1);
		IN_CHILD_EXPECT(syscall(SYS_setgroups, 0, NULL) == 0);
		/* How a program asks whether root is emulated. */
		IN_CHILD_EXPECT(mknod("", S_IFBLK, 0) == 0);
		IN_CHILD_EXPECT(mknod("", S_IFIFO, 0) < 0 && errno == ENOENT);
		_exit(0);
	}
	assert_child_succeeds(pid);
	/* And without the filter. */
	assert_int_equal(mknod("", S_IFBLK, 0), -1);
	assert_int_equal(errno, ENOENT);
}

#if defined(__x86_64__)
/* A system call of i386, which a process of x86-64 can make. */
static int call_i386(uint32_t number, uint32_t first, uint32_t second, uint32_t third)
{
	int result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(first), "c"(second), "d"(third)
			 : "memory", "r8", "r9", "r10", "r11");
	return result;
}

static void the_kernel_asks_it_for_calls_of_32_bit_programs(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	compile_for_self();
	pid = fork();
	if (pid == 0) {
		load(&filter);
		IN_CHILD_EXPECT(call_i386(NR32_FCHOWN16, ~0u, 0xfff0, 0xfff0) == 0);
		IN_CHILD_EXPECT(call_i386(NR32_FCHOWN16, ~0u, 0xffff, 0xffff) == -EBADF);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV)
		skip(); /* this kernel runs no 32-bit programs */
	assert_int_equal(status, 0);
}
#endif

static void compile_profile(const char *json, struct strbuf *bpf)
{
	struct arena arena = { 0 };
	struct config_seccomp *seccomp;
	struct error err = ERROR_NONE;
	unsigned int flags;

	assert_int_equal(config_parse_seccomp(json, strlen(json), &arena, &seccomp, &err), 0);
	assert_int_equal(seccomp_compile(seccomp, bpf, &flags, &err), 0);
	arena_release(&arena);
}

/* In the order of core/init/self.c. */
static void a_profile_that_refuses_or_kills_for_a_call_still_does(void **state)
{
	static const char profile[] =
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":["
		"{\"names\":[\"fchown\",\"fchown32\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":38},"
		"{\"names\":[\"setresgid\",\"setresgid32\"],\"action\":\"SCMP_ACT_KILL_PROCESS\"}]}";
	autostrbuf struct strbuf bpf = { 0 };
	int status;
	pid_t pid;

	(void)state;
	compile_for_self();
	compile_profile(profile, &bpf);
	pid = fork();
	if (pid == 0) {
		gid_t other = getgid() + 1;

		load(&filter);
		load(&bpf);
		IN_CHILD_EXPECT(fchown(0, other, other) < 0 && errno == ENOSYS);
		IN_CHILD_EXPECT(chown("/", other, other) == 0);
		syscall(NR_SETRESGID, other, other, other);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

/* ---- the word ---- */

static void the_words_are_auto_on_and_off(void **state)
{
	static const char *const wrong[] = { "", "yes", "On", "auto " };
	enum root_emulation mode;

	(void)state;
	assert_int_equal(root_emulation_parse(NULL, &mode), 0);
	assert_int_equal(mode, ROOT_EMULATION_AUTO);
	assert_int_equal(root_emulation_parse("auto", &mode), 0);
	assert_int_equal(mode, ROOT_EMULATION_AUTO);
	assert_int_equal(root_emulation_parse("on", &mode), 0);
	assert_int_equal(mode, ROOT_EMULATION_ON);
	assert_int_equal(root_emulation_parse("off", &mode), 0);
	assert_int_equal(mode, ROOT_EMULATION_OFF);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(root_emulation_parse(wrong[i], &mode), -EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, compile_one_id, release)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_owner_without_a_mapping_is_answered_and_others_go_to_the_kernel),
		TEST(the_upper_half_of_an_argument_counts_as_little_as_in_the_kernel),
		TEST(changes_of_ids_are_answered_where_one_has_no_mapping),
		TEST(what_can_succeed_or_never_fails_goes_to_the_kernel),
		TEST(with_setgroups_allowed_the_kernel_decides_on_groups),
		TEST(several_ranges_are_compared_at_their_ends),
		TEST(nodes_of_devices_are_answered_and_all_else_is_made),
		TEST(programs_of_32_bits_have_16_bit_ids_too),
		TEST(programs_of_32_bits_have_32_bit_ids),
#if defined(__x86_64__)
		TEST(x86_64_has_older_calls_and_x32),
#endif
		TEST(the_kernel_takes_the_filter_and_answers_by_it),
#if defined(__x86_64__)
		TEST(the_kernel_asks_it_for_calls_of_32_bit_programs),
#endif
		TEST(a_profile_that_refuses_or_kills_for_a_call_still_does),
		TEST(the_words_are_auto_on_and_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
