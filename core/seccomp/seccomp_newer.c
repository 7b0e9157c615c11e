// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/seccomp/seccomp_newer.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>

/* x32 has x86-64's architecture, and this bit in the number of each call. */
#define X32_BIT 0x40000000u
/* The calls that 32-bit ARM alone has begin here; they say nothing of how old a profile is. */
#define ARM_PRIVATE 0x0f0000u

/* A jump of a filter counts the instructions that it leaves out. */
#define NEXT 0

static void add(struct strbuf *bpf, struct sock_filter instruction)
{
	strbuf_add(bpf, &instruction, sizeof(instruction));
}

static bool is_private(uint32_t arch, int number)
{
	return arch == SCMP_ARCH_ARM && (uint32_t)number >= ARM_PRIVATE;
}

/* The highest number that the rules name; -1: none.  Names that @arch hasn't are negative. */
static int newest_named(const struct config_seccomp *seccomp, uint32_t arch)
{
	int newest = -1;

	for (size_t i = 0; i < seccomp->syscalls.count; i++) {
		const struct str_list *names = &seccomp->syscalls.items[i].names;

		for (size_t k = 0; k < names->count; k++) {
			int number = seccomp_syscall_resolve_name_arch(arch, names->items[k]);

			if (number > newest && !is_private(arch, number))
				newest = number;
		}
	}
	return newest;
}

/*
 * Behind the number's load, what isn't for the comparison leaves it and its return out: the other
 * half of x86-64 (a profile without x32 kills such calls, and goes on doing so), private calls.
 */
static void add_exceptions(uint32_t arch, struct strbuf *bpf)
{
	switch (arch) {
	case SCMP_ARCH_X86_64:
		add(bpf,
		    (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, X32_BIT, 2, NEXT));
		break;
	case SCMP_ARCH_X32:
		add(bpf,
		    (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, X32_BIT, NEXT, 2));
		break;
	case SCMP_ARCH_ARM:
		add(bpf,
		    (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, ARM_PRIVATE, 2, NEXT));
		break;
	case SCMP_ARCH_S390:
	case SCMP_ARCH_S390X:
		/* The kernel shows a number that it doesn't know as 0, setup(2), which nobody calls. */
		add(bpf, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, NEXT));
		break;
	}
}

static void add_architecture(uint32_t arch, uint32_t newest, struct strbuf *bpf)
{
	autostrbuf struct strbuf body = { 0 };
	uint8_t length;

	add(&body, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						offsetof(struct seccomp_data, nr)));
	add_exceptions(arch, &body);
	add(&body, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, newest, NEXT, 1));
	add(&body, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
	length = (uint8_t)(body.size / sizeof(struct sock_filter));

	/* libseccomp's tokens are the kernel's, but for x32. */
	if (arch == SCMP_ARCH_X32)
		arch = AUDIT_ARCH_X86_64;
	add(bpf, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					      offsetof(struct seccomp_data, arch)));
	add(bpf, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arch, NEXT, length));
	strbuf_add(bpf, body.bytes, body.size);
}

void seccomp_add_newer(const struct config_seccomp *seccomp, const uint32_t *architectures,
		       size_t count, struct strbuf *bpf)
{
	const struct opt_u64 *number = &seccomp->default_errno_ret;

	if (seccomp->default_action != CONFIG_SECCOMP_ERRNO ||
	    (number->set && number->value == ENOSYS))
		return;
	for (size_t i = 0; i < count; i++) {
		int newest = newest_named(seccomp, architectures[i]);

		if (newest >= 0)
			add_architecture(architectures[i], (uint32_t)newest, bpf);
	}
}
