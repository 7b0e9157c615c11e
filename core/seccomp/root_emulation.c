// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: parent.
 *
 * The filter of root emulation.
 *
 * A user without a range in /etc/subuid has one id in the container: root.  The kernel answers EINVAL
 * to everything that names another id, and package managers end at the first chown(2), though one
 * owner for all files would do.  This filter answers such calls in the kernel's place, with success:
 *
 *   chown, fchown, lchown, fchownat           to an id without a mapping
 *   setuid, setreuid, setresuid, setgid …     to an id without a mapping
 *   setgroups                                 where the user namespace denies it
 *   mknod, mknodat                            of block devices, and of character devices but 0:0,
 *                                             the whiteouts of overlays, which everybody may make
 *
 * All other calls go to the kernel, these among them: calls whose ids all have a mapping or are -1,
 * so that a file that doesn't exist, or a read-only file system, is still an error; FIFOs, sockets and
 * files by mknod; setfsuid and setfsgid, which never fail; capset, which succeeds with one id as with many,
 * and whose emulation would keep rights that a program gives up; setxattr, whose emulation would lose
 * user.* attributes, since a filter can't read the name.  So a program can ask whether root is emulated:
 * mknod("", S_IFBLK, 0) returns 0, and ENOENT otherwise.
 *
 * Why it is safe: the filter can only take a call away.  There is no answer of a filter that lets
 * a call do more than the kernel allows to this process, so nothing can be changed by it that couldn't
 * be changed without it, inside of the container or outside.  What can be harmed is the belief of a
 * program: one that gives up root by setuid(2), as a server does, stays root of the container without
 * noticing.  It has the caller's id outside, before and after, with emulation and without; but what
 * it does then, it does with the capabilities of the container's root.  Without emulation the program
 * ends there.  This is why a container with more than one id has no emulation by itself.
 *
 * With the profile's filter the kernel takes the answer with the higher precedence: kill, trap, errno,
 * notify, trace, log, allow.  An errno of this filter, which 0 is, is overridden by a profile that
 * kills or traps.  Among two errnos the filter counts that was loaded last, so this one is loaded
 * first: a profile that refuses chown(2) refuses it still.
 *
 * How ids are compared: as the kernel takes them from the registers.  uid_t has 32 bits, and the upper half
 * of a 64-bit argument doesn't count: a C program's (uid_t)-1 may stand there with or without it.
 * chown(2), setuid(2) and others of i386, 32-bit ARM and s390 have 16-bit ids, of which 0xffff is -1; the calls
 * with 32 bits have names such as chown32 there.  mode_t of mknod has 16 bits, and dev_t 32.
 *
 * The filter looks at the architecture and the number, and at arguments only in the calls above.  The kernel
 * (since 5.11) finds out beforehand that all other calls are always allowed, and doesn't run the filter for
 * them at all.
 *
 * Source: seccomp(2); credentials(7); include/linux/highuid.h and kernel/uid16.c of Linux for 16-bit ids.
 */
#include "core/seccomp/root_emulation.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* x32 shares the architecture of x86-64, and the numbers of all calls here but for this bit. */
#define NUMBER_X32 0x40000000u

#define ANSWER_SUCCESS (SECCOMP_RET_ERRNO | 0)

/* The most ids that one call has. */
#define IDS_MAX 3

/* A leaf of the tree compares at most this many numbers, one by one. */
#define LEAF_MAX 3

#define ID_NONE	  0xffffffffu
#define ID_NONE16 0xffffu

enum emulated_kind {
	EMULATED_UIDS, /* @ids arguments from @first on are uids */
	EMULATED_GIDS,
	EMULATED_OWNER, /* a uid, then a gid */
	EMULATED_NODE,	/* a mode, then a device */
	EMULATED_GROUPS,
};

static const struct emulated_call {
	const char *name;
	enum emulated_kind kind;
	unsigned int first;
	unsigned int ids;
} calls[] = {
	{ "chown", EMULATED_OWNER, 1, 2 },	{ "lchown", EMULATED_OWNER, 1, 2 },
	{ "fchown", EMULATED_OWNER, 1, 2 },	{ "fchownat", EMULATED_OWNER, 2, 2 },
	{ "setuid", EMULATED_UIDS, 0, 1 },	{ "setreuid", EMULATED_UIDS, 0, 2 },
	{ "setresuid", EMULATED_UIDS, 0, 3 },	{ "setgid", EMULATED_GIDS, 0, 1 },
	{ "setregid", EMULATED_GIDS, 0, 2 },	{ "setresgid", EMULATED_GIDS, 0, 3 },
	{ "setgroups", EMULATED_GROUPS, 0, 0 }, { "mknod", EMULATED_NODE, 1, 0 },
	{ "mknodat", EMULATED_NODE, 2, 0 },
};

/* Architectures whose programs one kernel runs.  A machine of no family runs its own programs alone. */
static const uint32_t families[][2] = {
	{ SCMP_ARCH_X86_64, SCMP_ARCH_X86 },
	{ SCMP_ARCH_AARCH64, SCMP_ARCH_ARM },
	{ SCMP_ARCH_S390X, SCMP_ARCH_S390 },
};

int root_emulation_parse(const char *text, enum root_emulation *ret_mode)
{
	static const char *const words[] = { "auto", "on", "off", NULL };
	int found = text ? str_find(words, text) : ROOT_EMULATION_AUTO;

	if (found < 0)
		return -EINVAL;
	*ret_mode = (enum root_emulation)found;
	return 0;
}

/* ---- instructions ---- */

static size_t count_of(const struct strbuf *bpf)
{
	return bpf->size / sizeof(struct sock_filter);
}

static void emit_statement(struct strbuf *bpf, uint16_t code, uint32_t k)
{
	const struct sock_filter instruction = BPF_STMT(code, k);

	strbuf_add(bpf, &instruction, sizeof(instruction));
}

/* @if_true and @if_false are numbers of instructions to skip. */
static void emit_comparison(struct strbuf *bpf, uint16_t comparison, uint32_t k, size_t if_true,
			    size_t if_false)
{
	const struct sock_filter instruction = BPF_JUMP((uint16_t)(BPF_JMP | comparison | BPF_K), k,
							(uint8_t)if_true, (uint8_t)if_false);

	strbuf_add(bpf, &instruction, sizeof(instruction));
}

/* The lower half of an argument. */
static void emit_argument(struct strbuf *bpf, unsigned int index)
{
	uint32_t offset =
		(uint32_t)(offsetof(struct seccomp_data, args) + index * sizeof(uint64_t));

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	offset += sizeof(uint32_t);
#endif
	emit_statement(bpf, BPF_LD | BPF_W | BPF_ABS, offset);
}

/* ---- arguments ---- */

/* Returns success from the call where the argument is an id without a mapping; else goes on behind. */
static void emit_id(struct strbuf *bpf, unsigned int index, const struct emulated_ids *ids,
		    bool has_16_bits)
{
	/* What is still to be skipped from each comparison on: the others, and the return. */
	size_t left = 1 + ids->count * 2;

	emit_argument(bpf, index);
	if (has_16_bits)
		emit_statement(bpf, BPF_ALU | BPF_AND | BPF_K, ID_NONE16);
	emit_comparison(bpf, BPF_JEQ, has_16_bits ? ID_NONE16 : ID_NONE, left, 0);
	for (size_t i = 0; i < ids->count; i++) {
		left -= 2;
		emit_comparison(bpf, BPF_JGE, ids->ranges[i].first, 0, 1);
		emit_comparison(bpf, BPF_JGT, ids->ranges[i].last, 0, left);
	}
	emit_statement(bpf, BPF_RET | BPF_K, ANSWER_SUCCESS);
}

static void emit_node(struct strbuf *bpf, unsigned int index)
{
	emit_argument(bpf, index);
	emit_statement(bpf, BPF_ALU | BPF_AND | BPF_K, S_IFMT);
	emit_comparison(bpf, BPF_JEQ, S_IFBLK, 3, 0);
	emit_comparison(bpf, BPF_JEQ, S_IFCHR, 0, 3);
	emit_argument(bpf, index + 1);
	emit_comparison(bpf, BPF_JEQ, 0, 1, 0);
	emit_statement(bpf, BPF_RET | BPF_K, ANSWER_SUCCESS);
	emit_statement(bpf, BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
}

/* ---- the parts that look at arguments ---- */

/*
 * Calls share these parts: all with the same arguments, of all architectures; and setuid, setreuid and
 * setresuid one part, which compares the last argument first and begins for each call where its own are
 * left.  The kernel compiles the filter at each start, and half the instructions take half the time.
 */
struct emulation_part {
	enum emulated_kind kind;
	unsigned int first;
	bool has_16_bits;
	size_t at; /* its first instruction in struct emulation_parts */
};

struct emulation_parts {
	const struct emulated_root *root;
	struct strbuf bpf;
	struct emulation_part items[ARRAY_SIZE(calls) * 2];
	size_t count;
};

static void emit_part(struct emulation_parts *parts, const struct emulation_part *part)
{
	const struct emulated_root *root = parts->root;
	const struct emulated_ids *ids = part->kind == EMULATED_GIDS ? &root->gids : &root->uids;
	struct strbuf *bpf = &parts->bpf;

	switch (part->kind) {
	case EMULATED_NODE: emit_node(bpf, part->first); return;
	case EMULATED_GROUPS: emit_statement(bpf, BPF_RET | BPF_K, ANSWER_SUCCESS); return;
	case EMULATED_OWNER:
		emit_id(bpf, part->first, &root->uids, part->has_16_bits);
		emit_id(bpf, part->first + 1, &root->gids, part->has_16_bits);
		break;
	case EMULATED_UIDS:
	case EMULATED_GIDS:
		for (unsigned int i = IDS_MAX; i-- > 0;)
			emit_id(bpf, i, ids, part->has_16_bits);
		break;
	}
	emit_statement(bpf, BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
}

static const struct emulation_part *find_part(struct emulation_parts *parts,
					      const struct emulated_call *call, bool has_16_bits)
{
	struct emulation_part *part = parts->items;

	for (; part < parts->items + parts->count; part++)
		if (part->kind == call->kind && part->first == call->first &&
		    part->has_16_bits == has_16_bits)
			return part;
	*part = (struct emulation_part){ call->kind, call->first, has_16_bits,
					 count_of(&parts->bpf) };
	parts->count++;
	emit_part(parts, part);
	return part;
}

/* Where the call begins in the parts. */
static size_t place_of_call(struct emulation_parts *parts, const struct emulated_call *call,
			    bool has_16_bits)
{
	const struct emulation_part *part = find_part(parts, call, has_16_bits);
	const struct emulated_root *root = parts->root;
	autostrbuf struct strbuf one = { 0 };

	if (call->kind != EMULATED_UIDS && call->kind != EMULATED_GIDS)
		return part->at;
	emit_id(&one, 0, call->kind == EMULATED_GIDS ? &root->gids : &root->uids, has_16_bits);
	return part->at + (IDS_MAX - call->ids) * count_of(&one);
}

/* ---- the calls of an architecture ---- */

struct numbered_call {
	uint32_t number;
	size_t place; /* in the parts */
};

struct numbered_calls {
	struct numbered_call items[ARRAY_SIZE(calls) * 2];
	size_t count;
};

static int compare_call_numbers(const void *a, const void *b)
{
	const struct numbered_call *one = a, *other = b;

	return one->number < other->number ? -1 : one->number > other->number;
}

/* @number: negative where the architecture doesn't have the call. */
static void add_numbered(struct numbered_calls *list, int number, struct emulation_parts *parts,
			 const struct emulated_call *call, bool has_16_bits)
{
	if (number >= 0)
		list->items[list->count++] =
			(struct numbered_call){ (uint32_t)number,
						place_of_call(parts, call, has_16_bits) };
}

static void list_calls(uint32_t arch, struct emulation_parts *parts, struct numbered_calls *list)
{
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		int number = seccomp_syscall_resolve_name_arch(arch, calls[i].name), wide;
		char name[32];

		if (calls[i].kind == EMULATED_GROUPS && !parts->root->setgroups_denied)
			continue;
		snprintf(name, sizeof(name), "%s32", calls[i].name);
		wide = seccomp_syscall_resolve_name_arch(arch, name);
		add_numbered(list, number, parts, &calls[i], wide >= 0);
		add_numbered(list, wide, parts, &calls[i], false);
	}
	qsort(list->items, list->count, sizeof(*list->items), compare_call_numbers);
}

/*
 * A binary tree.  A jump to a part is one without a condition, as only these are long enough; its offset
 * counts from the first instruction of the parts until join_parts().
 */
static void emit_tree(struct strbuf *bpf, const struct numbered_call *list, size_t count)
{
	autostrbuf struct strbuf lower = { 0 };
	size_t half = count / 2;

	if (count > LEAF_MAX) {
		emit_tree(&lower, list, half);
		emit_comparison(bpf, BPF_JGE, list[half].number, count_of(&lower), 0);
		strbuf_add(bpf, lower.bytes, lower.size);
		emit_tree(bpf, list + half, count - half);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		emit_comparison(bpf, BPF_JEQ, list[i].number, 0, 1);
		emit_statement(bpf, BPF_JMP | BPF_JA, (uint32_t)list[i].place);
	}
	emit_statement(bpf, BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
}

static void emit_architecture(struct strbuf *bpf, uint32_t arch, struct emulation_parts *parts)
{
	autostrbuf struct strbuf body = { 0 };
	struct numbered_calls list = { 0 };

	list_calls(arch, parts, &list);
	emit_statement(&body, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	if (arch == SCMP_ARCH_X86_64)
		emit_statement(&body, BPF_ALU | BPF_AND | BPF_K, ~NUMBER_X32);
	emit_tree(&body, list.items, list.count);
	/* libseccomp's tokens are the kernel's numbers. */
	emit_statement(bpf, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	emit_comparison(bpf, BPF_JEQ, arch, 0, count_of(&body));
	strbuf_add(bpf, body.bytes, body.size);
}

static void emit_machine(struct strbuf *bpf, uint32_t native, struct emulation_parts *parts)
{
	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		if (families[i][0] == native || families[i][1] == native) {
			emit_architecture(bpf, families[i][0], parts);
			emit_architecture(bpf, families[i][1], parts);
			return;
		}
	emit_architecture(bpf, native, parts);
}

static void join_parts(struct strbuf *bpf, const struct emulation_parts *parts)
{
	struct sock_filter *code = (struct sock_filter *)bpf->bytes;
	size_t count = count_of(bpf);

	for (size_t i = 0; i < count; i++)
		if (code[i].code == (BPF_JMP | BPF_JA))
			code[i].k += (uint32_t)(count - i - 1);
	strbuf_add(bpf, parts->bpf.bytes, parts->bpf.size);
}

void root_emulation_compile(const struct emulated_root *root, struct strbuf *ret_bpf)
{
	struct emulation_parts parts = { .root = root };
	autostrbuf struct strbuf bpf = { 0 };

	emit_machine(&bpf, seccomp_arch_native(), &parts);
	emit_statement(&bpf, BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	join_parts(&bpf, &parts);
	strbuf_add(ret_bpf, bpf.bytes, bpf.size);
	strbuf_release(&parts.bpf);
}
