/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_PARENT_BPF_H
#define TESTS_UNIT_PARENT_BPF_H

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/base/str.h"

/*
 * Runs a compiled filter as bpf(4) describes, so that a test learns the verdict of the program
 * itself on a call.  To be included after cmocka.h.
 */
#if defined(__x86_64__)
#define OWN_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCH AUDIT_ARCH_AARCH64
#elif defined(__i386__)
#define OWN_ARCH AUDIT_ARCH_I386
#elif defined(__arm__)
#define OWN_ARCH AUDIT_ARCH_ARM
#elif defined(__riscv) && __riscv_xlen == 64
#define OWN_ARCH AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define OWN_ARCH AUDIT_ARCH_PPC64LE
#elif defined(__s390x__)
#define OWN_ARCH AUDIT_ARCH_S390X
#else
#error "give this machine's AUDIT_ARCH"
#endif

static uint32_t load_word(const struct seccomp_data *data, uint32_t offset)
{
	uint32_t word;

	assert_true(offset % 4 == 0 && offset + 4 <= sizeof(*data));
	memcpy(&word, (const char *)data + offset, sizeof(word));
	return word;
}

static bool jump_taken(const struct sock_filter *i, uint32_t a)
{
	switch (BPF_OP(i->code)) {
	case BPF_JEQ: return a == i->k;
	case BPF_JGT: return a > i->k;
	case BPF_JGE: return a >= i->k;
	case BPF_JSET: return a & i->k;
	}
	fail_msg("jump %x", i->code);
	return false;
}

static uint32_t run_filter(const struct strbuf *bpf, const struct seccomp_data *data)
{
	const struct sock_filter *code = (const struct sock_filter *)bpf->bytes;
	size_t count = bpf->size / sizeof(*code);
	uint32_t a = 0, scratch[BPF_MEMWORDS] = { 0 };

	for (size_t pc = 0; pc < count; pc++) {
		const struct sock_filter *i = &code[pc];

		switch (BPF_CLASS(i->code)) {
		case BPF_LD:
			a = BPF_MODE(i->code) == BPF_MEM ? scratch[i->k] : load_word(data, i->k);
			break;
		case BPF_ST: scratch[i->k] = a; break;
		case BPF_ALU:
			assert_int_equal(BPF_OP(i->code), BPF_AND);
			a &= i->k;
			break;
		case BPF_JMP:
			pc += BPF_OP(i->code) == BPF_JA ? i->k : jump_taken(i, a) ? i->jt : i->jf;
			break;
		case BPF_RET: return i->k;
		default: fail_msg("instruction %x", i->code);
		}
	}
	fail_msg("the filter has no end");
	return 0;
}

#endif
