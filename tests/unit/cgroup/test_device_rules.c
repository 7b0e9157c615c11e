// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/str.h"
#include "core/cgroup/device_rules.h"
#include "core/config/config.h"

#define ANY DEVICE_ANY
#define RWM DEVICE_ACCESS_ALL

struct request {
	unsigned int type, access;
	uint32_t major, minor;
};

/* ---- the oracle: the sentence of the header, read from the front ---- */

static bool names(const struct device_rule *rule, const struct request *request)
{
	return (rule->types & request->type) &&
	       (rule->major == ANY || rule->major == request->major) &&
	       (rule->minor == ANY || rule->minor == request->minor);
}

static bool is_allowed(const struct device_rules *rules, const struct request *request)
{
	unsigned int granted = 0;

	for (size_t i = 0; i < rules->count; i++) {
		const struct device_rule *rule = &rules->items[i];

		if (!names(rule, request))
			continue;
		if (rule->allow)
			granted |= rule->access;
		else
			granted &= ~rule->access;
	}
	return (request->access & ~granted) == 0;
}

/* ---- the kernel's side: an interpreter of the instructions that the compiler may use ---- */

/* Also checks what the kernel's verifier demands: jumps forward and into the program, an exit. */
static uint64_t interpret(const struct device_program *program, const struct request *request)
{
	const struct bpf_cgroup_dev_ctx context = {
		.access_type = request->access << 16 | request->type,
		.major = request->major,
		.minor = request->minor,
	};
	uint64_t registers[11] = { 0 };
	bool is_set[11] = { [BPF_REG_1] = true };

	for (size_t at = 0;; at++) {
		const struct bpf_insn *insn = &program->insns[at];
		uint64_t value = (uint64_t)(int64_t)insn->imm;
		uint32_t word;

		assert_true(at < program->count);
		assert_true(insn->off >= 0);
		if (BPF_SRC(insn->code) == BPF_X && BPF_CLASS(insn->code) == BPF_ALU64) {
			assert_true(is_set[insn->src_reg]);
			value = registers[insn->src_reg];
		}
		switch (insn->code) {
		case BPF_LDX | BPF_MEM | BPF_W:
			assert_int_equal(insn->src_reg, BPF_REG_1);
			assert_true((size_t)insn->off + 4 <= sizeof(context));
			memcpy(&word, (const char *)&context + insn->off, sizeof(word));
			registers[insn->dst_reg] = word;
			is_set[insn->dst_reg] = true;
			continue;
		case BPF_ALU64 | BPF_MOV | BPF_K:
		case BPF_ALU64 | BPF_MOV | BPF_X:
			registers[insn->dst_reg] = value;
			is_set[insn->dst_reg] = true;
			continue;
		case BPF_JMP | BPF_EXIT: assert_true(is_set[0]); return registers[0];
		default: break;
		}
		assert_true(is_set[insn->dst_reg]);
		switch (insn->code) {
		case BPF_ALU64 | BPF_AND | BPF_K: registers[insn->dst_reg] &= value; break;
		case BPF_ALU64 | BPF_OR | BPF_X: registers[insn->dst_reg] |= value; break;
		case BPF_ALU64 | BPF_XOR | BPF_K: registers[insn->dst_reg] ^= value; break;
		case BPF_ALU64 | BPF_RSH | BPF_K: registers[insn->dst_reg] >>= value; break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			at += registers[insn->dst_reg] == value ? (size_t)insn->off : 0;
			break;
		case BPF_JMP | BPF_JNE | BPF_K:
			at += registers[insn->dst_reg] != value ? (size_t)insn->off : 0;
			break;
		default: fail_msg("instruction %zu: code %#x", at, insn->code);
		}
	}
}

/* The verifier refuses instructions that nothing leads to, and a program without an exit at its end. */
static void check_shape(const struct device_program *program)
{
	autofree bool *reached = mem_alloc(program->count + 1);

	reached[0] = true;
	for (size_t at = 0; at < program->count; at++) {
		const struct bpf_insn *insn = &program->insns[at];

		assert_true(reached[at]);
		if (insn->code == (BPF_JMP | BPF_EXIT))
			continue;
		reached[at + 1] = true;
		if (BPF_CLASS(insn->code) == BPF_JMP) {
			assert_true(at + 1 + (size_t)insn->off < program->count);
			reached[at + 1 + (size_t)insn->off] = true;
		}
	}
	assert_false(reached[program->count]);
}

static void print_rules(const struct device_rules *rules, struct strbuf *out)
{
	for (size_t i = 0; i < rules->count; i++) {
		strbuf_add_str(out, i ? ", " : "");
		device_rule_print(&rules->items[i], out);
	}
}

/* ---- the list: systemd's reading of it ---- */

static bool entry_grants(const char *entry, const struct request *request)
{
	char kind[8], access[4] = "";
	unsigned int major, minor, bits = 0;
	bool named = false;

	if (sscanf(entry, "/dev/%5[a-z]/%u:%u %3s", kind, &major, &minor, access) == 4)
		named = major == request->major && minor == request->minor;
	else if (sscanf(entry, "%5[a-z]-%u %3s", kind, &major, access) == 3)
		named = major == request->major;
	else if (sscanf(entry, "%5[a-z]-* %3s", kind, access) == 2)
		named = true;
	else
		fail_msg("entry '%s'", entry);
	named = named && strcmp(kind, request->type == DEVICE_CHAR ? "char" : "block") == 0;
	for (const char *next = access; *next; next++)
		bits |= *next == 'r' ? DEVICE_READ : *next == 'w' ? DEVICE_WRITE : DEVICE_MKNOD;
	return named && (request->access & ~bits) == 0;
}

static bool list_grants(const char *list, const struct request *request)
{
	autofree char *copy = str_dup(list);
	char *save = NULL;

	for (char *entry = strtok_r(copy, ",", &save); entry; entry = strtok_r(NULL, ",", &save))
		if (entry_grants(entry, request))
			return true;
	return false;
}

/* ---- all requests, against all rules ---- */

/* For each of rules about 1 and 3, these are the numbers that are named, and that aren't. */
static const uint32_t majors[] = { 1, 2 }, minors[] = { 3, 4 };

static void check_request(const struct device_rules *rules, const struct device_program *program,
			  const char *list, enum device_list kind, const struct request *request)
{
	bool allowed = is_allowed(rules, request);
	bool listed = kind == DEVICE_LIST_ALL ||
		      (kind == DEVICE_LIST_SOME && request->access && list_grants(list, request));
	autostrbuf struct strbuf text = { 0 };

	if ((interpret(program, request) == 1) == allowed &&
	    (kind == DEVICE_LIST_INEXPRESSIBLE || request->access == 0 || listed == allowed))
		return;
	print_rules(rules, &text);
	fail_msg("%s: type %u %u:%u access %u: %s, list %d '%s'", text.bytes, request->type,
		 request->major, request->minor, request->access,
		 allowed ? "should be allowed" : "should be denied", kind, list);
}

static void check_rules(const struct device_rules *rules)
{
	autoprogram struct device_program program = { 0 };
	autostrbuf struct strbuf list = { 0 };
	enum device_list kind = device_rules_list(rules, &list);

	strbuf_add_str(&list, "");
	device_rules_compile(rules, &program);
	check_shape(&program);
	for (unsigned int type = DEVICE_BLOCK; type <= DEVICE_CHAR; type++)
		for (size_t i = 0; i < 2; i++)
			for (size_t k = 0; k < 2; k++)
				for (unsigned int access = 0; access <= RWM; access++)
					check_request(rules, &program, list.bytes, kind,
						      &(struct request){ type, access, majors[i],
									 minors[k] });
}

/* Sets the rules to the next combination of @count out of @kinds; false: that was the last. */
static bool next_combination(size_t *chosen, size_t count, size_t kinds)
{
	for (size_t i = 0; i < count; i++) {
		if (++chosen[i] < kinds)
			return true;
		chosen[i] = 0;
	}
	return false;
}

static void check_all(const struct device_rule *kinds, size_t kind_count, size_t count)
{
	struct device_rule items[4];
	const struct device_rules rules = { items, count };
	size_t chosen[4] = { 0 };

	do {
		for (size_t i = 0; i < count; i++)
			items[i] = kinds[chosen[i]];
		check_rules(&rules);
	} while (next_combination(chosen, count, kind_count));
}

static size_t make_kinds(struct device_rule *kinds, const unsigned int *types, size_t type_count,
			 const unsigned int *accesses, size_t access_count, bool with_minors)
{
	size_t count = 0;

	for (size_t t = 0; t < type_count; t++)
		for (size_t a = 0; a < access_count; a++)
			for (int n = 0; n < (with_minors ? 4 : 2); n++)
				for (int allow = 0; allow < 2; allow++)
					kinds[count++] =
						(struct device_rule){ allow, types[t], accesses[a],
								      n & 1 ? 1 : ANY,
								      n & 2 ? 3 : ANY };
	return count;
}

static void every_pair_of_rules_does_what_the_spec_says(void **state)
{
	static const unsigned int types[] = { DEVICE_BLOCK, DEVICE_CHAR, DEVICE_TYPES_ALL };
	static const unsigned int accesses[] = { 1, 2, 3, 4, 5, 6, 7 };
	struct device_rule kinds[256];
	size_t count = make_kinds(kinds, types, 3, accesses, 7, true);

	(void)state;
	check_rules(&(struct device_rules){ 0 });
	check_all(kinds, count, 1);
	check_all(kinds, count, 2);
}

static void three_and_four_rules_do_what_the_spec_says(void **state)
{
	static const unsigned int types[] = { DEVICE_CHAR, DEVICE_TYPES_ALL };
	static const unsigned int accesses[] = { DEVICE_READ, DEVICE_READ | DEVICE_WRITE, RWM };
	struct device_rule kinds[256];

	(void)state;
	check_all(kinds, make_kinds(kinds, types, 2, accesses, 3, false), 3);
	check_all(kinds, make_kinds(kinds, types, 1, accesses + 1, 2, true), 3);
	check_all(kinds, make_kinds(kinds, types, 2, accesses + 1, 1, false), 4);
}

/* ---- rules of a config ---- */

static void rules_of(const char *devices, struct device_rules *ret_rules,
		     struct container_config *config)
{
	autofree char *text = str_format("{\"devices\":[%s]}", devices);
	struct error err = ERROR_NONE;

	config->linux = arena_alloc(&config->arena, sizeof(*config->linux));
	if (config_merge_resources(config, text, strlen(text), &err) < 0)
		fail_msg("%s", err.text);
	device_rules_make(config->linux->resources, ret_rules);
}

static bool config_allows(const char *devices, char type, uint32_t major, uint32_t minor,
			  unsigned int access)
{
	autorules struct device_rules rules = { 0 };
	autoprogram struct device_program program = { 0 };
	struct container_config config = { 0 };
	const struct request request = { type == 'c' ? DEVICE_CHAR : DEVICE_BLOCK, access, major,
					 minor };

	rules_of(devices, &rules, &config);
	config_release(&config);
	device_rules_compile(&rules, &program);
	assert_int_equal(interpret(&program, &request), is_allowed(&rules, &request));
	return interpret(&program, &request) == 1;
}

#define DENY_ALL "{\"allow\":false,\"access\":\"rwm\"}"

static void every_container_has_the_default_devices_and_no_disk(void **state)
{
	static const char *const configs[] = {
		"", DENY_ALL, "{\"allow\":false}",
		"{\"allow\":false,\"type\":\"c\",\"major\":1,\"minor\":3}"
	};
	static const uint32_t usual[][2] = { { 1, 3 }, { 1, 5 }, { 1, 7 },   { 1, 8 },	 { 1, 9 },
					     { 5, 0 }, { 5, 2 }, { 136, 9 }, { 10, 200 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(configs); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(usual); k++)
			assert_true(config_allows(configs[i], 'c', usual[k][0], usual[k][1], RWM));
		assert_true(config_allows(configs[i], 'b', 8, 0, DEVICE_MKNOD));
		assert_true(config_allows(configs[i], 'c', 10, 229, DEVICE_MKNOD));
		assert_false(config_allows(configs[i], 'b', 8, 0, DEVICE_READ));
		assert_false(config_allows(configs[i], 'b', 1, 3, DEVICE_READ));
		assert_false(config_allows(configs[i], 'c', 1, 1, DEVICE_WRITE));
		assert_false(config_allows(configs[i], 'c', 10, 229, DEVICE_READ | DEVICE_WRITE));
	}
}

static void a_rule_gives_what_it_says_and_no_more(void **state)
{
	static const char read_only[] = DENY_ALL
		",{\"allow\":true,\"type\":\"b\",\"major\":7,\"minor\":1,\"access\":\"r\"}";
	static const char all_but_one[] =
		"{\"allow\":true,\"type\":\"a\",\"access\":\"rwm\"},"
		"{\"allow\":false,\"type\":\"b\",\"major\":8,\"minor\":0,\"access\":\"rw\"}";

	(void)state;
	assert_true(config_allows(read_only, 'b', 7, 1, DEVICE_READ));
	assert_false(config_allows(read_only, 'b', 7, 1, DEVICE_WRITE));
	assert_false(config_allows(read_only, 'b', 7, 1, DEVICE_READ | DEVICE_WRITE));
	assert_false(config_allows(read_only, 'b', 7, 2, DEVICE_READ));
	assert_false(config_allows(read_only, 'c', 7, 1, DEVICE_READ));
	assert_true(config_allows(all_but_one, 'b', 8, 1, RWM));
	assert_false(config_allows(all_but_one, 'b', 8, 0, DEVICE_READ));
	/* -1 is as good as no number, and a text without access as good as none. */
	assert_true(config_allows(
		"{\"allow\":true,\"type\":\"c\",\"major\":-1,\"minor\":-1,\"access\":\"\"}", 'c',
		4095, 1048575, RWM));
}

/* As many as are refused by their number. */
static void too_many_rules_are_refused(void **state)
{
	struct container_config config = { 0 };
	autostrbuf struct strbuf text = { 0 };
	struct error err = ERROR_NONE;

	(void)state;
	strbuf_add_str(&text, "{\"devices\":[{\"allow\":true}");
	for (int i = 0; i < 4000; i++)
		strbuf_add_str(&text, ",{\"allow\":true}");
	strbuf_add_str(&text, "]}");
	config.linux = arena_alloc(&config.arena, sizeof(*config.linux));
	assert_int_equal(config_merge_resources(&config, text.bytes, text.size, &err), -1);
	assert_string_equal(err.text, "linux.resources.devices: more than 4000 rules");
	config_release(&config);
}

/* The kernel has limits: 8192 conditional jumps, and offsets of 16 bits. */
static void the_longest_program_has_two_jumps_a_rule(void **state)
{
	struct device_rule items[4010];
	const struct device_rules rules = { items, ARRAY_SIZE(items) };
	autoprogram struct device_program program = { 0 };
	size_t jumps = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(items); i++)
		items[i] = (struct device_rule){ i & 1, DEVICE_CHAR, DEVICE_READ, (int64_t)i, 1 };
	device_rules_compile(&rules, &program);
	check_shape(&program);
	for (size_t i = 0; i < program.count; i++)
		jumps += BPF_CLASS(program.insns[i].code) == BPF_JMP &&
			 program.insns[i].code != (BPF_JMP | BPF_EXIT);
	assert_true(jumps < 8192);
	assert_true(program.count < 65536);
}

static void assert_list(const char *devices, enum device_list kind, const char *list)
{
	autorules struct device_rules rules = { 0 };
	autostrbuf struct strbuf text = { 0 };
	struct container_config config = { 0 };

	rules_of(devices, &rules, &config);
	config_release(&config);
	assert_int_equal(device_rules_list(&rules, &text), kind);
	assert_string_equal(text.bytes ? text.bytes : "", list);
}

#define USUAL_LIST                                                                              \
	"char-* m,block-* m,/dev/char/1:3 rwm,/dev/char/1:5 rwm,/dev/char/1:7 rwm,"             \
	"/dev/char/1:8 rwm,/dev/char/1:9 rwm,/dev/char/5:0 rwm,/dev/char/5:2 rwm,char-136 rwm," \
	"/dev/char/10:200 rwm"

static void systemd_has_a_list_where_one_says_it_all(void **state)
{
	(void)state;
	assert_list(DENY_ALL, DEVICE_LIST_SOME, USUAL_LIST);
	/* mknod comes from the rule for all devices: systemd looks at one entry at a time. */
	assert_list(DENY_ALL ",{\"allow\":true,\"type\":\"b\",\"major\":8,\"access\":\"r\"}",
		    DEVICE_LIST_SOME, "block-8 rm," USUAL_LIST);
	assert_list("{\"allow\":true,\"type\":\"a\",\"access\":\"rwm\"}", DEVICE_LIST_ALL, "");
	assert_list("{\"allow\":true,\"access\":\"rwm\"}," DENY_ALL, DEVICE_LIST_SOME, USUAL_LIST);
	assert_list(
		"{\"allow\":true,\"access\":\"rwm\"},{\"allow\":false,\"type\":\"b\",\"major\":8,\"access\":\"rw\"}",
		DEVICE_LIST_INEXPRESSIBLE, "");
	assert_list("{\"allow\":true,\"type\":\"c\",\"minor\":3,\"access\":\"r\"}",
		    DEVICE_LIST_INEXPRESSIBLE, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_pair_of_rules_does_what_the_spec_says),
		cmocka_unit_test(three_and_four_rules_do_what_the_spec_says),
		cmocka_unit_test(every_container_has_the_default_devices_and_no_disk),
		cmocka_unit_test(a_rule_gives_what_it_says_and_no_more),
		cmocka_unit_test(systemd_has_a_list_where_one_says_it_all),
		cmocka_unit_test(too_many_rules_are_refused),
		cmocka_unit_test(the_longest_program_has_two_jumps_a_rule),
	};

	return cmocka_run_group_tests_name("device rules", tests, NULL, NULL);
}
