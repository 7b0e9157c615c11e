// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/json.h"
#include "core/base/yaml_tree.h"

struct part {
	char *name;
	struct opt_u64 number;
};

struct whole {
	char *text;
	bool flag;
	struct opt_u64 number;
	struct str_list strings;
	LIST_OF(struct part) parts;
	str_map map;
};

static const struct json_field part_fields[] = {
	{ "name", JSON_STRING, .required = true, .offset = offsetof(struct part, name) },
	{ "number", JSON_U64, .offset = offsetof(struct part, number) },
};
static const struct json_shape part_shape = JSON_SHAPE(struct part, part_fields);

static const struct json_field whole_fields[] = {
	{ "text", JSON_STRING, .offset = offsetof(struct whole, text) },
	{ "flag", JSON_BOOL, .offset = offsetof(struct whole, flag) },
	{ "number", JSON_U64, .offset = offsetof(struct whole, number) },
	{ "strings", JSON_STRINGS, .offset = offsetof(struct whole, strings) },
	{ "parts", JSON_LIST, .shape = &part_shape, .offset = offsetof(struct whole, parts) },
	{ "map", JSON_STRING_MAP, .offset = offsetof(struct whole, map) },
};
static const struct json_shape whole_shape = JSON_SHAPE(struct whole, whole_fields);

static struct arena arena;

static int release_memory(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

#ifdef URUN_READS_YAML

static void read_yaml(const char *text, struct whole *ret_whole)
{
	struct error err = ERROR_NONE;

	if (yaml_read(text, strlen(text), &whole_shape, ret_whole, &arena, &err) < 0)
		fail_msg("%s: %s", text, err.text);
}

static void refused_bytes(const char *text, size_t size, const char *why)
{
	struct error err = ERROR_NONE;
	struct whole whole;

	assert_int_equal(yaml_read(text, size, &whole_shape, &whole, &arena, &err), -1);
	if (!strstr(err.text, why))
		fail_msg("%s: \"%s\" isn't in: %s", text, why, err.text);
}

static void refused(const char *text, const char *why)
{
	refused_bytes(text, strlen(text), why);
}

static void block_and_flow_style_are_read_by_the_table(void **state)
{
	struct whole whole;

	(void)state;
	read_yaml("---\n"
		  "# a comment\n"
		  "text: nvidia.com/gpu\n"
		  "flag: true\n"
		  "number: 12\n"
		  "strings:\n"
		  "- a=b\n"
		  "- 'it''s'\n"
		  "parts:\n"
		  "  - name: \"0\"\n"
		  "    number: 7\n"
		  "  - {name: one, unknown: [1, {a: b}]}\n"
		  "map: {a: b, c: d}\n",
		  &whole);
	assert_string_equal(whole.text, "nvidia.com/gpu");
	assert_true(whole.flag);
	assert_int_equal(whole.number.value, 12);
	assert_int_equal(whole.strings.count, 2);
	assert_string_equal(whole.strings.items[0], "a=b");
	assert_string_equal(whole.strings.items[1], "it's");
	assert_int_equal(whole.parts.count, 2);
	assert_string_equal(whole.parts.items[0].name, "0");
	assert_int_equal(whole.parts.items[0].number.value, 7);
	assert_string_equal(whole.parts.items[1].name, "one");
	assert_false(whole.parts.items[1].number.set);
	assert_int_equal(whole.map.count, 2);
	assert_string_equal(str_map_value(&whole.map, "c"), "d");
}

/* JSON is YAML, and both readers find the same. */
static void json_is_read_as_well(void **state)
{
	struct whole whole;

	(void)state;
	read_yaml("{\"text\": \"a\\nb\", \"strings\": [\"0\"], \"number\": 1, \"map\": {}}",
		  &whole);
	assert_string_equal(whole.text, "a\nb");
	assert_string_equal(whole.strings.items[0], "0");
	assert_int_equal(whole.number.value, 1);
}

/* YAML 1.2.2, 10.3.2: the core schema. */
static void plain_scalars_have_types_and_quoted_ones_are_strings(void **state)
{
	struct whole whole;

	(void)state;
	read_yaml("text: 0.5.0", &whole);
	assert_string_equal(whole.text, "0.5.0");
	read_yaml("text: \"5\"", &whole);
	assert_string_equal(whole.text, "5");
	read_yaml("text: !!str 5", &whole);
	assert_string_equal(whole.text, "5");
	read_yaml("text: |\n  a\n  b\n", &whole);
	assert_string_equal(whole.text, "a\nb\n");
	read_yaml("text: yes", &whole);
	assert_string_equal(whole.text, "yes");
	read_yaml("text: ~\nnumber:\nflag: null", &whole);
	assert_null(whole.text);
	assert_false(whole.number.set);
	refused("text: 5", "text: must be a string, not a number");
	refused("text: 1.5", "text: must be a string, not a number");
	refused("text: true", "text: must be a string, not a boolean");
	refused("number: '5'", "number: must be a number, not a string");
	refused("number: 1.5", "number: must be an integer");
	refused("number: -1", "number: out of range");
	refused("flag: yes", "flag: must be a boolean, not a string");
}

/* 017 is 15 in YAML 1.1, and 17 in YAML 1.2. */
static void numbers_that_readers_understand_differently_are_none(void **state)
{
	(void)state;
	refused("number: 017", "number: must be a number, not a string");
	refused("number: 0x1f", "number: must be a number, not a string");
	refused("number: +1", "number: must be a number, not a string");
	refused("number: 1_000", "number: must be a number, not a string");
}

static void an_alias_is_refused_and_so_are_tags(void **state)
{
	(void)state;
	refused("a: &x [1]\nb: *x", "b: aliases are not taken");
	refused("text: !!binary aGk=", "text: tags are not taken");
	refused("map: !!omap [a: b]", "map: tags are not taken");
	refused("[a]: b", "a key must be a scalar");
}

static void what_is_wrong_in_json_is_wrong_here(void **state)
{
	(void)state;
	refused("a: 1\na: 2", "a: given twice in the same object");
	refused("text: \"a\\0b\"", "NUL in a string");
	refused("parts: [{number: 1}]", "parts[0].name: missing");
	refused("- a", "must be an object, not an array");
	refused("", "not YAML: empty");
	refused("# nothing\n", "not YAML: empty");
	refused("a: 1\n---\nb: 2\n", "more than one document");
	refused("a: b: c", "not YAML: line 1, column 5: ");
	refused("a: 'x", "not YAML: line ");
	refused_bytes("a: \xff\xfe", 5, "not YAML: ");
}

static void depth_is_bounded(void **state)
{
	enum { LEVELS = JSON_DEPTH_MAX * 3 };
	autostrbuf struct strbuf flow = { 0 }, block = { 0 };

	(void)state;
	strbuf_add_str(&flow, "a: ");
	for (int i = 0; i < LEVELS; i++)
		strbuf_add_str(&flow, "[");
	refused(flow.bytes, "");
	strbuf_add_str(&block, "a:\n");
	for (int i = 0; i < LEVELS; i++)
		strbuf_add_str(&block, "- ");
	refused(block.bytes, "nested deeper than 1000 levels");
}

#else

static void without_libyaml_the_error_names_the_option(void **state)
{
	struct error err = ERROR_NONE;
	struct whole whole;

	(void)state;
	assert_int_equal(yaml_read("a: b", 4, &whole_shape, &whole, &arena, &err), -1);
	assert_non_null(strstr(err.text, "--with-yaml"));
}

#endif

#define TEST(name) cmocka_unit_test_teardown(name, release_memory)

int main(void)
{
	const struct CMUnitTest tests[] = {
#ifdef URUN_READS_YAML
		TEST(block_and_flow_style_are_read_by_the_table),
		TEST(json_is_read_as_well),
		TEST(plain_scalars_have_types_and_quoted_ones_are_strings),
		TEST(numbers_that_readers_understand_differently_are_none),
		TEST(an_alias_is_refused_and_so_are_tags),
		TEST(what_is_wrong_in_json_is_wrong_here),
		TEST(depth_is_bounded),
#else
		TEST(without_libyaml_the_error_names_the_option),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
