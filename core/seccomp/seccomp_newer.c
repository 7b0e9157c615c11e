// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/seccomp/seccomp_newer.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>

/* x32 shares the architecture of x86-64; the number of each call has this bit. */
#define X32_BIT 0x40000000u
/* Calls that only 32-bit ARM has begin here.  Their numbers tell nothing about a profile's age. */
#define ARM_PRIVATE 0x0f0000u

/* A jump holds the number of instructions to skip. */
#define NEXT 0

static void add_instruction(struct strbuf *bpf, struct sock_filter instruction)
{
	strbuf_add(bpf, &instruction, sizeof(instruction));
}

/*
 * The highest number of a call that a rule names; -1: none.  A name unknown on @arch is negative.
 */
static int newest_named(const struct config_seccomp *seccomp, uint32_t arch)
{
	int newest = -1;

	for (size_t i = 0; i < seccomp->syscalls.count; i++) {
		const struct str_list *names = &seccomp->syscalls.items[i].names;

		for (size_t k = 0; k < names->count; k++) {
			int number = seccomp_syscall_resolve_name_arch(arch, names->items[k]);

			if (arch == SCMP_ARCH_ARM && number >= (int)ARM_PRIVATE)
				continue;
			if (number > newest)
				newest = number;
		}
	}
	return newest;
}

/*
 * Instructions that stand between the load of the number and the comparison.  They skip the
 * comparison and its return, two instructions, for numbers that can't be compared: x32 numbers on
 * x86-64 and the reverse (a profile without x32 kills such calls, and must continue to), and
 * private ones.
 */
static void add_exceptions(uint32_t arch, struct strbuf *bpf)
{
	switch (arch) {
	case SCMP_ARCH_X86_64:
		add_instruction(bpf, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K,
								  X32_BIT, 2, NEXT));
		break;
	case SCMP_ARCH_X32:
		add_instruction(bpf, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K,
								  X32_BIT, NEXT, 2));
		break;
	case SCMP_ARCH_ARM:
		add_instruction(bpf, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K,
								  ARM_PRIVATE, 2, NEXT));
		break;
	case SCMP_ARCH_S390:
	case SCMP_ARCH_S390X:
		/*
		 * The kernel replaces a number that it doesn't know by 0, the unused call setup(2).
		 */
		add_instruction(
			bpf, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, NEXT));
		break;
	}
}

static void add_architecture(uint32_t arch, uint32_t newest, struct strbuf *bpf)
{
	autostrbuf struct strbuf body = { 0 };
	uint8_t length;

	add_instruction(&body, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
							    offsetof(struct seccomp_data, nr)));
	add_exceptions(arch, &body);
	add_instruction(&body,
			(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, newest, NEXT, 1));
	add_instruction(&body,
			(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
	length = (uint8_t)(body.size / sizeof(struct sock_filter));

	/* libseccomp's tokens are the kernel's numbers, except for x32. */
	if (arch == SCMP_ARCH_X32)
		arch = AUDIT_ARCH_X86_64;
	add_instruction(bpf, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
							  offsetof(struct seccomp_data, arch)));
	add_instruction(
		bpf, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arch, NEXT, length));
	strbuf_add(bpf, body.bytes, body.size);
}

/*
 * Actions that let the call happen hold for newer calls too, and so does SCMP_ACT_TRACE: a tracer
 * decides about each call itself.
 */
static bool refuses(const struct config_seccomp *seccomp)
{
	const struct opt_u64 *number = &seccomp->default_errno_ret;

	switch ((enum config_seccomp_action)seccomp->default_action) {
	case CONFIG_SECCOMP_KILL:
	case CONFIG_SECCOMP_KILL_PROCESS:
	case CONFIG_SECCOMP_KILL_THREAD:
	case CONFIG_SECCOMP_TRAP: return true;
	case CONFIG_SECCOMP_ERRNO: return !(number->set && number->value == ENOSYS);
	case CONFIG_SECCOMP_TRACE:
	case CONFIG_SECCOMP_ALLOW:
	case CONFIG_SECCOMP_LOG:
	case CONFIG_SECCOMP_NOTIFY: break;
	}
	return false;
}

void seccomp_add_newer(const struct config_seccomp *seccomp, const uint32_t *architectures,
		       size_t count, struct strbuf *bpf)
{
	if (!refuses(seccomp))
		return;
	for (size_t i = 0; i < count; i++) {
		int newest = newest_named(seccomp, architectures[i]);

		if (newest >= 0)
			add_architecture(architectures[i], (uint32_t)newest, bpf);
	}
}
