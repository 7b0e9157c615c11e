// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/cgroup/device_rules.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- rules ---- */

/*
 * What every container may do, as engines and images take for granted: the nodes that it makes can
 * be opened only if a rule allows that.  The numbers are those of null, zero, full, random, urandom,
 * tty, ptmx, the terminals of devpts, and net/tun.
 * Source: OCI runtime-spec 1.3, config-linux.md "Default Devices"; Linux,
 * Documentation/admin-guide/devices.txt.
 */
static const struct device_rule rules_of_all[] = {
	{ true, DEVICE_TYPES_ALL, DEVICE_MKNOD, DEVICE_ANY, DEVICE_ANY },
	{ true, DEVICE_CHAR, DEVICE_ACCESS_ALL, 1, 3 },
	{ true, DEVICE_CHAR, DEVICE_ACCESS_ALL, 1, 5 },
	{ true, DEVICE_CHAR, DEVICE_ACCESS_ALL, 1, 7 },
	{ true, DEVICE_CHAR, DEVICE_ACCESS_ALL, 1, 8 },
	{ true, DEVICE_CHAR, DEVICE_ACCESS_ALL, 1, 9 },
	{ true, DEVICE_CHAR, DEVICE_ACCESS_ALL, 5, 0 },
	{ true, DEVICE_CHAR, DEVICE_ACCESS_ALL, 5, 2 },
	{ true, DEVICE_CHAR, DEVICE_ACCESS_ALL, 136, DEVICE_ANY },
	{ true, DEVICE_CHAR, DEVICE_ACCESS_ALL, 10, 200 },
};

static unsigned int types_of(int type)
{
	switch (type) {
	case CONFIG_RULE_CHAR: return DEVICE_CHAR;
	case CONFIG_RULE_BLOCK: return DEVICE_BLOCK;
	default: return DEVICE_TYPES_ALL;
	}
}

/* Engines leave out an empty text, so it means the same as none. */
static unsigned int access_of(const char *text)
{
	unsigned int access = 0;

	for (const char *next = text; next && *next; next++)
		access |= *next == 'r' ? DEVICE_READ : *next == 'w' ? DEVICE_WRITE : DEVICE_MKNOD;
	return access ? access : DEVICE_ACCESS_ALL;
}

void device_rules_make(const struct config_resources *resources, struct device_rules *ret_rules)
{
	size_t own = resources ? resources->devices.count : 0;
	struct device_rules rules = { .count = own + ARRAY_SIZE(rules_of_all) };

	rules.items = mem_alloc(rules.count * sizeof(*rules.items));
	for (size_t i = 0; i < own; i++) {
		const struct config_device_rule *rule = &resources->devices.items[i];

		rules.items[i] = (struct device_rule){
			.allow = rule->allow,
			.types = types_of(rule->type),
			.access = access_of(rule->access),
			.major = rule->major.set ? rule->major.value : DEVICE_ANY,
			.minor = rule->minor.set ? rule->minor.value : DEVICE_ANY,
		};
	}
	memcpy(rules.items + own, rules_of_all, sizeof(rules_of_all));
	*ret_rules = rules;
}

void device_rules_release(struct device_rules *rules)
{
	free(rules->items);
	*rules = (struct device_rules){ 0 };
}

static void print_number(int64_t number, struct strbuf *out)
{
	if (number == DEVICE_ANY)
		strbuf_add_str(out, "*");
	else
		strbuf_addf(out, "%" PRId64, number);
}

static void print_access(unsigned int access, struct strbuf *out)
{
	if (access & DEVICE_READ)
		strbuf_add_str(out, "r");
	if (access & DEVICE_WRITE)
		strbuf_add_str(out, "w");
	if (access & DEVICE_MKNOD)
		strbuf_add_str(out, "m");
}

void device_rule_print(const struct device_rule *rule, struct strbuf *out)
{
	strbuf_addf(out, "%s %s ", rule->allow ? "allow" : "deny",
		    rule->types == DEVICE_CHAR	  ? "c"
		    : rule->types == DEVICE_BLOCK ? "b"
						  : "a");
	print_number(rule->major, out);
	strbuf_add_str(out, ":");
	print_number(rule->minor, out);
	strbuf_add_str(out, " ");
	print_access(rule->access, out);
}

/* ---- the program ---- */

/*
 * The registers.  What is still undecided of the request is PENDING, which is never 0 between two
 * rules; RESULT is 0, denied, up to the end.
 */
enum {
	RESULT = BPF_REG_0,
	CONTEXT = BPF_REG_1, /* struct bpf_cgroup_dev_ctx */
	SCRATCH = CONTEXT,   /* the same register, once all of the context is loaded */
	TYPE = BPF_REG_2,
	PENDING = BPF_REG_3,
	MAJOR = BPF_REG_4,
	MINOR = BPF_REG_5,
	OTHER_SCRATCH = BPF_REG_6,
};

static void emit(struct device_program *program, struct bpf_insn insn)
{
	program->insns = mem_resize(program->insns, program->count + 1, sizeof(insn));
	program->insns[program->count++] = insn;
}

static void emit_load(struct device_program *program, uint8_t to, size_t offset)
{
	emit(program, (struct bpf_insn){ .code = BPF_LDX | BPF_MEM | BPF_W,
					 .dst_reg = to & 0xf,
					 .src_reg = CONTEXT,
					 .off = (int16_t)offset });
}

/* @operation: BPF_MOV, BPF_AND, BPF_XOR or BPF_RSH. */
static void emit_value(struct device_program *program, uint8_t operation, uint8_t to, int32_t value)
{
	emit(program, (struct bpf_insn){ .code = BPF_ALU64 | BPF_K | operation,
					 .dst_reg = to & 0xf,
					 .imm = value });
}

/* @operation: BPF_MOV or BPF_OR. */
static void emit_register(struct device_program *program, uint8_t operation, uint8_t to,
			  uint8_t from)
{
	emit(program, (struct bpf_insn){ .code = BPF_ALU64 | BPF_X | operation,
					 .dst_reg = to & 0xf,
					 .src_reg = from & 0xf });
}

/* A jump over the next @over instructions.  @condition: BPF_JEQ or BPF_JNE. */
static void emit_jump(struct device_program *program, uint8_t condition, uint8_t reg, int32_t value,
		      size_t over)
{
	emit(program, (struct bpf_insn){ .code = BPF_JMP | BPF_K | condition,
					 .dst_reg = reg & 0xf,
					 .off = (int16_t)over,
					 .imm = value });
}

static void emit_exit(struct device_program *program)
{
	emit(program, (struct bpf_insn){ .code = BPF_JMP | BPF_EXIT });
}

#define ALLOW_SIZE 2
static void emit_allow(struct device_program *program)
{
	emit_value(program, BPF_MOV, RESULT, 1);
	emit_exit(program);
}

/* Decides what the rule decides of PENDING; ends the program where nothing is left, or on a no. */
static void emit_verdict(struct device_program *program, const struct device_rule *rule)
{
	int32_t access = (int32_t)rule->access;

	if (rule->access == DEVICE_ACCESS_ALL && rule->allow) {
		emit_allow(program);
	} else if (rule->access == DEVICE_ACCESS_ALL) {
		emit_exit(program);
	} else if (rule->allow) {
		emit_value(program, BPF_AND, PENDING, ~access);
		emit_jump(program, BPF_JNE, PENDING, 0, ALLOW_SIZE);
		emit_allow(program);
	} else {
		emit_register(program, BPF_MOV, SCRATCH, PENDING);
		emit_value(program, BPF_AND, SCRATCH, access);
		emit_jump(program, BPF_JEQ, SCRATCH, 0, 1);
		emit_exit(program);
	}
}

/*
 * Puts the difference between @reg and the value into SCRATCH: all of it with the first one, else beside what
 * is there.
 */
static void emit_difference(struct device_program *program, uint8_t reg, int32_t value, bool first)
{
	uint8_t to = first ? SCRATCH : OTHER_SCRATCH;

	emit_register(program, BPF_MOV, to, reg);
	emit_value(program, BPF_XOR, to, value);
	if (!first)
		emit_register(program, BPF_OR, SCRATCH, OTHER_SCRATCH);
}

static bool is_of_all_devices(const struct device_rule *rule)
{
	return rule->types == DEVICE_TYPES_ALL && rule->major == DEVICE_ANY &&
	       rule->minor == DEVICE_ANY;
}

/*
 * One jump decides whether the rule names the device.  The kernel's verifier follows both sides of each jump,
 * remembers the one that it follows later, and what it has learned on the way: three comparisons of registers
 * would cost it a time that grows with the square of the rules, and a program of 2000 rules would be refused.
 */
static void emit_rule(struct device_program *program, const struct device_rule *rule)
{
	autoprogram struct device_program verdict = { 0 };
	const struct {
		bool counts;
		uint8_t reg;
		int32_t value;
	} parts[] = {
		{ rule->types != DEVICE_TYPES_ALL, TYPE, (int32_t)rule->types },
		{ rule->major != DEVICE_ANY, MAJOR, (int32_t)rule->major },
		{ rule->minor != DEVICE_ANY, MINOR, (int32_t)rule->minor },
	};
	bool first = true;

	emit_verdict(&verdict, rule);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (!parts[i].counts)
			continue;
		emit_difference(program, parts[i].reg, parts[i].value, first);
		first = false;
	}
	if (!first)
		emit_jump(program, BPF_JNE, SCRATCH, 0, verdict.count);
	for (size_t i = 0; i < verdict.count; i++)
		emit(program, verdict.insns[i]);
}

/*
 * From the last rule to the first, as the last one that matches decides.  A rule about everything ends the
 * program: the kernel refuses instructions that can't be reached.
 */
void device_rules_compile(const struct device_rules *rules, struct device_program *ret_program)
{
	struct device_program program = { 0 };
	bool ended = false;

	/* access_type is the access in the upper half, and the type in the lower. */
	emit_load(&program, PENDING, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	emit_register(&program, BPF_MOV, TYPE, PENDING);
	emit_value(&program, BPF_AND, TYPE, 0xffff);
	emit_value(&program, BPF_RSH, PENDING, 16);
	emit_load(&program, MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
	emit_load(&program, MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor));
	emit_value(&program, BPF_MOV, RESULT, 0);
	emit_jump(&program, BPF_JNE, PENDING, 0, ALLOW_SIZE);
	emit_allow(&program);
	for (size_t i = rules->count; i-- > 0 && !ended;) {
		emit_rule(&program, &rules->items[i]);
		ended = is_of_all_devices(&rules->items[i]) &&
			rules->items[i].access == DEVICE_ACCESS_ALL;
	}
	if (!ended)
		emit_exit(&program);
	*ret_program = program;
}

void device_program_release(struct device_program *program)
{
	free(program->insns);
	*program = (struct device_program){ 0 };
}

/* ---- the list ---- */

static bool number_covers(int64_t rule, int64_t number)
{
	return rule == DEVICE_ANY || rule == number;
}

/* Does @rule name every device that @entry names? */
static bool covers(const struct device_rule *rule, const struct device_rule *entry)
{
	return (rule->types & entry->types) == entry->types &&
	       number_covers(rule->major, entry->major) && number_covers(rule->minor, entry->minor);
}

/* Is there a device that both name? */
static bool overlaps(const struct device_rule *a, const struct device_rule *b)
{
	return (a->types & b->types) &&
	       (number_covers(a->major, b->major) || number_covers(b->major, a->major)) &&
	       (number_covers(a->minor, b->minor) || number_covers(b->minor, a->minor));
}

/* Takes from the entries what the rule denies; false: no list can say what is left. */
static bool list_deny(const struct device_rules *list, const struct device_rule *rule)
{
	for (size_t i = 0; i < list->count; i++) {
		struct device_rule *entry = &list->items[i];

		if (covers(rule, entry))
			entry->access &= ~rule->access;
		else if (overlaps(rule, entry) && (rule->access & entry->access))
			return false;
	}
	return true;
}

/* Adds an entry for one type of the rule. */
static void list_allow(struct device_rules *list, const struct device_rule *rule, unsigned int type)
{
	struct device_rule entry = *rule;

	entry.types = type;
	list->items[list->count++] = entry;
}

/*
 * systemd grants a request only where one entry has all that it asks for, so each entry gets what the wider
 * ones have.
 */
static void widen(const struct device_rules *list)
{
	for (size_t i = 0; i < list->count; i++)
		for (size_t k = 0; k < list->count; k++)
			if (list->items[i].access && covers(&list->items[k], &list->items[i]))
				list->items[i].access |= list->items[k].access;
}

/* Is the entry one that an earlier entry has already said? */
static bool is_repeated(const struct device_rules *list, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (list->items[k].access && covers(&list->items[k], &list->items[i]) &&
		    covers(&list->items[i], &list->items[k]))
			return true;
	return false;
}

static void print_entry(const struct device_rule *entry, struct strbuf *out)
{
	const char *kind = entry->types == DEVICE_CHAR ? "char" : "block";

	if (out->size)
		strbuf_add_str(out, ",");
	if (entry->minor != DEVICE_ANY)
		strbuf_addf(out, "/dev/%s/%" PRId64 ":%" PRId64 " ", kind, entry->major,
			    entry->minor);
	else if (entry->major != DEVICE_ANY)
		strbuf_addf(out, "%s-%" PRId64 " ", kind, entry->major);
	else
		strbuf_addf(out, "%s-* ", kind);
	print_access(entry->access, out);
}

static bool print_entries(const struct device_rules *list, struct strbuf *out)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct device_rule *entry = &list->items[i];

		if (!entry->access || is_repeated(list, i))
			continue;
		if (entry->major == DEVICE_ANY && entry->minor != DEVICE_ANY)
			return false;
		print_entry(entry, out);
	}
	return true;
}

static unsigned int types_without_limit(const struct device_rules *list)
{
	unsigned int types = 0;

	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].major == DEVICE_ANY && list->items[i].minor == DEVICE_ANY &&
		    list->items[i].access == DEVICE_ACCESS_ALL)
			types |= list->items[i].types;
	return types;
}

enum device_list device_rules_list(const struct device_rules *rules, struct strbuf *out)
{
	autorules struct device_rules list = { 0 };
	autostrbuf struct strbuf text = { 0 };

	/* Each rule becomes an entry for each of its types. */
	list.items = mem_alloc((2 * rules->count + 1) * sizeof(*list.items));
	for (size_t i = 0; i < rules->count; i++) {
		const struct device_rule *rule = &rules->items[i];

		if (!rule->allow && !list_deny(&list, rule))
			return DEVICE_LIST_INEXPRESSIBLE;
		if (rule->allow && (rule->types & DEVICE_CHAR))
			list_allow(&list, rule, DEVICE_CHAR);
		if (rule->allow && (rule->types & DEVICE_BLOCK))
			list_allow(&list, rule, DEVICE_BLOCK);
	}
	widen(&list);
	if (types_without_limit(&list) == DEVICE_TYPES_ALL)
		return DEVICE_LIST_ALL;
	if (!print_entries(&list, &text))
		return DEVICE_LIST_INEXPRESSIBLE;
	strbuf_add_str(out, text.bytes ? text.bytes : "");
	return DEVICE_LIST_SOME;
}

bool device_rules_allow_all(const struct device_rules *rules)
{
	autostrbuf struct strbuf ignored = { 0 };

	return device_rules_list(rules, &ignored) == DEVICE_LIST_ALL;
}
