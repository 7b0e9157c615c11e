// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "core/seccomp/seccomp.h"
#include "core/seccomp/seccomp_default.h"
#include "tests/unit/seccomp/bpf.h"

/* Numbers of system calls of i386.  Source: arch/x86/entry/syscalls/syscall_32.tbl of Linux. */
#define I386_SOCKETCALL 102
#define I386_SOCKET	359
#define I386_SOCKETPAIR 360

#define ALLOWED SECCOMP_RET_ALLOW
#define UNKNOWN (SECCOMP_RET_ERRNO | ENOSYS)
#define REFUSED (SECCOMP_RET_ERRNO | EPERM)

static struct strbuf bpf;

static int compile_default(void **state)
{
	struct arena arena = { 0 };
	struct config_seccomp *seccomp;
	struct error err = ERROR_NONE;
	unsigned int flags;
	int result;

	(void)state;
	seccomp_default(&arena, &seccomp);
	result = seccomp_compile(seccomp, &bpf, &flags, &err);
	arena_release(&arena);
	return result;
}

static int release(void **state)
{
	(void)state;
	strbuf_release(&bpf);
	return 0;
}

static uint32_t call_on(uint32_t arch, int nr, uint64_t arg0)
{
	struct seccomp_data data = { .nr = nr, .arch = arch, .args = { arg0, 0x1000 } };

	return run_filter(&bpf, &data);
}

static uint32_t call(int nr, uint64_t arg0)
{
	return call_on(OWN_ARCH, nr, arg0);
}

static const int usual_families[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET };

static bool is_usual(int family)
{
	for (size_t i = 0; i < ARRAY_SIZE(usual_families); i++)
		if (usual_families[i] == family)
			return true;
	return false;
}

static void sockets_are_of_the_usual_families(void **state)
{
	(void)state;
	for (int family = 0; family < 64; family++) {
		assert_int_equal(call(SYS_socket, family), is_usual(family) ? ALLOWED : REFUSED);
		assert_int_equal(call(SYS_socketpair, family),
				 family == AF_UNIX ? ALLOWED : REFUSED);
	}
	/* The kernel takes the lower half as the family. */
	assert_int_equal(call(SYS_socket, 1ull << 32 | AF_ALG), REFUSED);
}

static void no_32_bit_program_makes_a_socket_of_another_family(void **state)
{
	(void)state;
#ifdef __x86_64__
	for (int family = 0; family < 64; family++) {
		assert_int_equal(call_on(AUDIT_ARCH_I386, I386_SOCKET, family),
				 is_usual(family) ? ALLOWED : REFUSED);
		assert_int_equal(call_on(AUDIT_ARCH_I386, I386_SOCKETPAIR, family),
				 family == AF_UNIX ? ALLOWED : REFUSED);
	}
	/* The first argument is the call: SYS_SOCKET is 1, SYS_SENDMMSG, the last, is 20. */
	for (int what = 0; what < 32; what++)
		assert_int_equal(call_on(AUDIT_ARCH_I386, I386_SOCKETCALL, what), REFUSED);
	assert_int_equal(call_on(AUDIT_ARCH_X86_64, 0x40000000 | SYS_socket, AF_ALG), REFUSED);
#else
	skip();
#endif
}

/* The flags are the first argument, and on s390 the second. */
static uint32_t call_clone(uint64_t flags)
{
#ifdef __s390__
	struct seccomp_data data = { .nr = SYS_clone, .arch = OWN_ARCH, .args = { 0x1000, flags } };

	return run_filter(&bpf, &data);
#else
	return call(SYS_clone, flags);
#endif
}

static void no_namespace_is_made(void **state)
{
	static const uint64_t flags[] = { CLONE_NEWUSER,   CLONE_NEWNS,	 CLONE_NEWPID,
					  CLONE_NEWNET,	   CLONE_NEWIPC, CLONE_NEWUTS,
					  CLONE_NEWCGROUP, 0x80 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		assert_int_equal(call(SYS_unshare, flags[i]), REFUSED);
		if (flags[i] != 0x80) /* clone(2) has the signal's number in this byte */
			assert_int_equal(call_clone(flags[i] | 17), REFUSED);
	}
	assert_int_equal(call(SYS_unshare, CLONE_FS), ALLOWED);
	assert_int_equal(call_clone(17), ALLOWED);
	assert_int_equal(call(SYS_clone3, 0), UNKNOWN);
	assert_int_equal(call(SYS_setns, 3), REFUSED);
}

static void what_steers_or_shows_the_host_is_refused(void **state)
{
	static const int calls[] = {
		SYS_bpf,	 SYS_perf_event_open, SYS_userfaultfd,
		SYS_keyctl,	 SYS_add_key,	      SYS_syslog,
		SYS_request_key, SYS_init_module,     SYS_kexec_load,
		SYS_reboot,	 SYS_settimeofday,    SYS_open_by_handle_at,
		SYS_quotactl,	 SYS_io_uring_setup,  SYS_clock_settime,
		SYS_setns,	 SYS_swapon,	      SYS_acct,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		assert_int_equal(call(calls[i], 0), REFUSED);
	assert_int_equal(call(SYS_openat, 0), ALLOWED);
	assert_int_equal(call(SYS_sendmsg, 0), ALLOWED);
}

/* With ENOSYS C libraries go on with an older call, and with EPERM they don't. */
static void what_nobody_knows_yet_is_not_implemented(void **state)
{
	(void)state;
	for (int nr = 480; nr < 1024; nr++)
		assert_int_equal(call(nr, 0), UNKNOWN);
	assert_int_equal(call(-1, 0), UNKNOWN);
}

static void personalities_are_the_usual_ones(void **state)
{
	static const uint64_t allowed[] = { 0x0, 0x8, 0x20000, 0x20008, 0xffffffff };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
		assert_int_equal(call(SYS_personality, allowed[i]), ALLOWED);
	for (uint64_t bit = 1; bit <= UINT64_C(1) << 31; bit <<= 1) {
		if (bit != 0x8 && bit != 0x20000) {
			assert_int_equal(call(SYS_personality, bit), REFUSED);
			assert_int_equal(call(SYS_personality, bit | 0x20008), REFUSED);
		}
		assert_int_equal(call(SYS_personality, 0xffffffff & ~bit), REFUSED);
	}
	assert_int_equal(call(SYS_personality, 0xffffffff & ~UINT64_C(0x20008)), REFUSED);
	/* ADDR_NO_RANDOMIZE, which `setarch -R` sets. */
	assert_int_equal(call(SYS_personality, 0x0040000), REFUSED);
	/* A processor of 32 bits passes no upper half. */
	if (sizeof(long) == sizeof(uint32_t))
		return;
	assert_int_equal(call(SYS_personality, UINT64_MAX), REFUSED);
	assert_int_equal(call(SYS_personality, UINT64_C(0x100000000)), REFUSED);
	assert_int_equal(call(SYS_personality, UINT64_C(0x100000008)), REFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sockets_are_of_the_usual_families),
		cmocka_unit_test(no_32_bit_program_makes_a_socket_of_another_family),
		cmocka_unit_test(no_namespace_is_made),
		cmocka_unit_test(what_steers_or_shows_the_host_is_refused),
		cmocka_unit_test(what_nobody_knows_yet_is_not_implemented),
		cmocka_unit_test(personalities_are_the_usual_ones),
	};

	return cmocka_run_group_tests(tests, compile_default, release);
}
