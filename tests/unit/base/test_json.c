// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/json.h"
#include "core/base/json_tree.h"

/* One member of each kind. */
struct inner {
	char *key; /* its name in a map */
	char *name;
	struct opt_u64 number;
};

struct outer {
	bool flag;
	struct opt_bool opt_flag;
	char *text;
	struct opt_i64 small; /* -5..5 */
	struct opt_i64 wide;
	struct opt_u64 big;
	int color;
	struct inner *object;
	LIST_OF(struct inner) list;
	struct str_list strings;
	LIST_OF(uint32_t) numbers;
	range_list ranges;
	LIST_OF(int) colors;
	uint64_t color_set;
	str_map map;
	LIST_OF(struct inner) objects;
};

static const char *const colors[] = { "red", "green", NULL };

static const struct json_field inner_fields[] = {
	{ "name", JSON_STRING, .required = true, .offset = offsetof(struct inner, name) },
	{ "number", JSON_U64, .max = 100, .offset = offsetof(struct inner, number) },
};
static const struct json_shape inner_shape = { sizeof(struct inner), inner_fields,
					       ARRAY_SIZE(inner_fields) };

static const struct json_field outer_fields[] = {
	{ "flag", JSON_BOOL, .offset = offsetof(struct outer, flag) },
	{ "optFlag", JSON_OPT_BOOL, .offset = offsetof(struct outer, opt_flag) },
	{ "text", JSON_STRING, .offset = offsetof(struct outer, text) },
	{ "small", JSON_I64, .min = -5, .max = 5, .offset = offsetof(struct outer, small) },
	{ "wide", JSON_I64, .min = INT64_MIN, .offset = offsetof(struct outer, wide) },
	{ "big", JSON_U64, .offset = offsetof(struct outer, big) },
	{ "color", JSON_ENUM, .names = colors, .offset = offsetof(struct outer, color) },
	{ "object", JSON_OBJECT, .shape = &inner_shape, .offset = offsetof(struct outer, object) },
	{ "list", JSON_LIST, .shape = &inner_shape, .offset = offsetof(struct outer, list) },
	{ "strings", JSON_STRINGS, .offset = offsetof(struct outer, strings) },
	{ "numbers", JSON_U32_LIST, .offset = offsetof(struct outer, numbers) },
	{ "ranges", JSON_RANGES, .max = 9, .offset = offsetof(struct outer, ranges) },
	{ "colors", JSON_ENUM_LIST, .names = colors, .offset = offsetof(struct outer, colors) },
	{ "colorSet", JSON_BITS, .names = colors, .offset = offsetof(struct outer, color_set) },
	{ "map", JSON_STRING_MAP, .offset = offsetof(struct outer, map) },
	{ "objects", JSON_OBJECT_MAP, .shape = &inner_shape,
	  .offset = offsetof(struct outer, objects) },
};
static const struct json_shape outer_shape = { sizeof(struct outer), outer_fields,
					       ARRAY_SIZE(outer_fields) };

static void assert_refused_bytes(const char *text, size_t size, const char *wanted)
{
	struct error err = ERROR_NONE;
	struct arena arena = { 0 };
	struct outer outer;
	char line[ERROR_LINE_SIZE];

	assert_int_equal(json_read(text, size, &outer_shape, &outer, &arena, &err), -1);
	assert_string_equal(error_format(&err, line), wanted);
	arena_release(&arena);
}

static void assert_refused(const char *text, const char *wanted)
{
	assert_refused_bytes(text, strlen(text), wanted);
}

/* Only the beginning of the error is ours, and the rest is yajl's. */
static void assert_no_json(const char *text, const char *wanted_start)
{
	struct error err = ERROR_NONE;
	struct arena arena = { 0 };
	struct outer outer;

	assert_int_equal(json_read(text, strlen(text), &outer_shape, &outer, &arena, &err), -1);
	assert_memory_equal(err.text, wanted_start, strlen(wanted_start));
	assert_null(strchr(err.text, '\n'));
	arena_release(&arena);
}

static void read_ok(const char *text, struct outer *outer, struct arena *arena)
{
	struct error err = ERROR_NONE;

	if (json_read(text, strlen(text), &outer_shape, outer, arena, &err) < 0)
		fail_msg("%s", err.text);
}

static const char all[] =
	"{\"flag\":true,\"optFlag\":false,\"text\":\"a\\\"\\\\\\n\\u00e4\\ud83d\\ude00\",\"small\":-5,"
	"\"wide\":-9223372036854775808,\"big\":18446744073709551615,\"color\":\"green\","
	"\"object\":{\"name\":\"n\",\"number\":0},\"list\":[{\"name\":\"x\"},{\"name\":\"\"}],"
	"\"strings\":[\"\",\"s\"],\"numbers\":[0,4294967295],\"ranges\":\"0-3,7\",\"colors\":[\"green\",\"red\"],"
	"\"colorSet\":[\"green\",\"green\"],"
	"\"map\":{\"k\":\"v\",\"\":\"\"},\"objects\":{\"b\":{\"name\":\"1\"},\"a\":{\"name\":\"2\"}}}";

static void every_kind_is_read(void **state)
{
	struct arena arena = { 0 };
	struct outer o;

	(void)state;
	read_ok(all, &o, &arena);
	assert_true(o.flag && o.opt_flag.set && !o.opt_flag.value);
	assert_string_equal(o.text, "a\"\\\n\xc3\xa4\xf0\x9f\x98\x80");
	assert_true(o.small.set && o.small.value == -5);
	assert_true(o.wide.value == INT64_MIN && o.big.value == UINT64_MAX);
	assert_int_equal(o.color, 1);
	assert_string_equal(o.object->name, "n");
	assert_true(o.object->number.set && o.object->number.value == 0);
	assert_int_equal(o.list.count, 2);
	assert_string_equal(o.list.items[1].name, "");
	assert_false(o.list.items[1].number.set);
	assert_string_equal(o.strings.items[1], "s");
	assert_true(o.numbers.items[1] == UINT32_MAX);
	assert_true(o.ranges.count == 2 && o.ranges.items[0].last == 3);
	assert_true(o.colors.items[0] == 1 && o.colors.items[1] == 0);
	assert_true(o.color_set == 1u << 1);
	assert_string_equal(o.map.items[0].value, "v");
	assert_string_equal(o.objects.items[0].key, "b");
	assert_string_equal(o.objects.items[1].name, "2");
	arena_release(&arena);
}

static void what_was_read_is_written_the_same(void **state)
{
	static const char plain[] =
		"{\"flag\":true,\"small\":-5,\"big\":18446744073709551615,\"color\":\"green\","
		"\"list\":[{\"name\":\"x\",\"number\":7}],\"numbers\":[0,4294967295],"
		"\"ranges\":\"0-3,7\",\"colors\":[\"green\"],\"colorSet\":[\"red\",\"green\"],\"map\":{\"k\":\"v\"},\"objects\":{\"b\":{\"name\":\"1\"}}}";
	struct arena arena = { 0 };
	struct outer o;
	autostrbuf struct strbuf once = { 0 };
	autostrbuf struct strbuf twice = { 0 };

	(void)state;
	read_ok(plain, &o, &arena);
	json_write(&outer_shape, &o, JSON_COMPACT, &once);
	assert_string_equal(once.bytes, plain);
	strbuf_release(&once);
	read_ok(all, &o, &arena);
	json_write(&outer_shape, &o, JSON_INDENTED, &once);
	read_ok(once.bytes, &o, &arena);
	json_write(&outer_shape, &o, JSON_INDENTED, &twice);
	assert_string_equal(once.bytes, twice.bytes);
	arena_release(&arena);
}

static void indented_form_has_four_spaces_and_a_last_newline(void **state)
{
	struct arena arena = { 0 };
	struct outer o;
	autostrbuf struct strbuf out = { 0 };
	autostrbuf struct strbuf empty = { 0 };

	(void)state;
	read_ok("{\"strings\":[\"a\",\"b\"],\"object\":{\"name\":\"n\"}}", &o, &arena);
	json_write(&outer_shape, &o, JSON_INDENTED, &out);
	assert_string_equal(out.bytes,
			    "{\n    \"object\": {\n        \"name\": \"n\"\n    },\n"
			    "    \"strings\": [\n        \"a\",\n        \"b\"\n    ]\n}\n");
	read_ok("{}", &o, &arena);
	json_write(&outer_shape, &o, JSON_INDENTED, &empty);
	assert_string_equal(empty.bytes, "{}\n");
	arena_release(&arena);
}

static void null_is_not_given_and_unknown_is_skipped(void **state)
{
	struct arena arena = { 0 };
	struct outer o;

	(void)state;
	read_ok("{\"flag\":null,\"text\":null,\"color\":null,\"object\":null,\"list\":null,\"map\":{\"k\":null},"
		"\"strings\":null,\"big\":null,\"else\":{\"x\":[1.5e3,{\"y\":null}],\"z\":1e400}}",
		&o, &arena);
	assert_false(o.flag || o.text || o.object || o.big.set || o.list.count || o.map.count ||
		     o.strings.count);
	assert_int_equal(o.color, -1);
	arena_release(&arena);
}

static void wrong_types_name_their_place(void **state)
{
	(void)state;
	assert_refused("[]", "must be an object, not an array");
	assert_refused("1", "must be an object, not a number");
	assert_refused("{\"flag\":1}", "flag: must be a boolean, not a number");
	assert_refused("{\"text\":{}}", "text: must be a string, not an object");
	assert_refused("{\"list\":{}}", "list: must be an array, not an object");
	assert_refused("{\"list\":[{\"name\":\"a\"},3]}",
		       "list[1]: must be an object, not a number");
	assert_refused("{\"list\":[{\"name\":\"a\"},{\"name\":2}]}",
		       "list[1].name: must be a string, not a number");
	assert_refused("{\"strings\":[\"a\",null]}", "strings[1]: must be a string, not null");
	assert_refused("{\"map\":{\"a.b\":1}}", "map[\"a.b\"]: must be a string, not a number");
	assert_refused("{\"objects\":{\"x\":{\"name\":true}}}",
		       "objects.x.name: must be a string, not a boolean");
	assert_refused("{\"object\":{}}", "object.name: missing");
	assert_refused("{\"object\":{\"name\":null}}", "object.name: missing");
	assert_refused("{\"ranges\":\"0-10\"}", "ranges: \"0-10\" isn't a list such as 0-3,7");
	assert_refused("{\"colors\":[\"red\",\"blue\"]}",
		       "colors[1]: \"blue\" is unknown: must be one of red, green");
	assert_refused("{\"colorSet\":[\"red\",\"blue\"]}",
		       "colorSet[1]: \"blue\" is unknown: must be one of red, green");
}

static void numbers_out_of_range_are_refused(void **state)
{
	(void)state;
	assert_refused("{\"small\":6}", "small: out of range: must be from -5 to 5");
	assert_refused("{\"small\":-6}", "small: out of range: must be from -5 to 5");
	assert_refused("{\"small\":99999999999999999999999}",
		       "small: out of range: must be from -5 to 5");
	assert_refused("{\"small\":1.0}",
		       "small: must be an integer, without fraction or exponent");
	assert_refused("{\"small\":1e0}",
		       "small: must be an integer, without fraction or exponent");
	assert_refused("{\"small\":\"1\"}", "small: must be a number, not a string");
	assert_refused(
		"{\"wide\":9223372036854775808}",
		"wide: out of range: must be from -9223372036854775808 to 9223372036854775807");
	assert_refused(
		"{\"wide\":-9223372036854775809}",
		"wide: out of range: must be from -9223372036854775808 to 9223372036854775807");
	assert_refused("{\"big\":18446744073709551616}",
		       "big: out of range: must be from 0 to 18446744073709551615");
	assert_refused("{\"big\":-1}", "big: out of range: must be from 0 to 18446744073709551615");
	assert_refused("{\"numbers\":[4294967296]}",
		       "numbers[0]: out of range: must be from 0 to 4294967295");
	assert_refused("{\"object\":{\"name\":\"\",\"number\":101}}",
		       "object.number: out of range: must be from 0 to 100");
}

static void duplicate_keys_are_refused_everywhere(void **state)
{
	autostrbuf struct strbuf many = { 0 };

	(void)state;
	assert_refused("{\"flag\":true,\"flag\":true}", "flag: given twice in the same object");
	assert_refused("{\"flag\":true,\"fl\\u0061g\":null}",
		       "flag: given twice in the same object");
	assert_refused("{\"else\":[{\"a\":1},{\"b\":1,\"b\":2}]}",
		       "else[1].b: given twice in the same object");
	strbuf_add_str(&many, "{\"else\":{");
	for (int i = 0; i < 20000; i++)
		strbuf_addf(&many, "\"key%d\":0,", i);
	strbuf_add_str(&many, "\"key777\":0}}");
	assert_refused(many.bytes, "else.key777: given twice in the same object");
}

static void strings_are_utf8_without_nul(void **state)
{
	(void)state;
	assert_refused("{\"text\":\"a\\u0000b\"}", "text: NUL in a string");
	assert_refused("{\"else\":{\"a\\u0000\":1}}", "else: NUL in a key");
	assert_refused("{\"strings\":[\"ok\",\"\xff\"]}", "strings[1]: invalid UTF-8");
	assert_refused("{\"text\":\"\xed\xa0\x80\"}", "text: invalid UTF-8");
	assert_refused("{\"text\":\"\xc0\xaf\"}", "text: invalid UTF-8");
	assert_refused("{\"else\":{\"\xff\":1}}", "else: invalid UTF-8 in a key");
	assert_refused("{\"text\":\"\\ud800\"}", "text: half a surrogate pair in a string");
	assert_refused("{\"text\":\"\\ude00\"}", "text: half a surrogate pair in a string");
	assert_refused("{\"text\":\"\\ud83d\\u0041\"}", "text: half a surrogate pair in a string");
	assert_refused_bytes("{}\0", 3,
			     "not JSON: line 1, column 4: parse error: trailing garbage");
}

static void escaped_backslashes_arent_taken_for_escapes(void **state)
{
	struct arena arena = { 0 };
	struct outer o;

	(void)state;
	read_ok("{\"text\":\"\\\\ud800\"}", &o, &arena);
	assert_string_equal(o.text, "\\ud800");
	arena_release(&arena);
}

static void what_is_no_json_is_told_with_line_and_column(void **state)
{
	(void)state;
	assert_refused("", "not JSON: empty");
	assert_refused(" \n\t", "not JSON: empty");
	assert_refused("\xef\xbb\xbf{}", "not JSON: begins with a byte order mark");
	assert_no_json("{\n \"a\": 1,\n \"b\": x\n}", "not JSON: line 3, column ");
	assert_no_json("{\"a\":1,}", "not JSON: line 1, column ");
	assert_no_json("{} {}", "not JSON: line 1, column ");
	assert_no_json("{\"a\":[", "not JSON: line 1, column 7: ");
	assert_no_json("{\"a\":01}", "not JSON: line 1, column ");
	assert_no_json("{\"a\":NaN}", "not JSON: line 1, column ");
	assert_no_json("// no\n{}", "not JSON: line 1, column ");
}

static void add_repeated(struct strbuf *out, const char *text, size_t times)
{
	while (times--)
		strbuf_add_str(out, text);
}

static void assert_too_deep(const char *text, const char *end)
{
	static const char wanted[] = ": nested deeper than 1000 levels";
	struct error err = ERROR_NONE;
	struct arena arena = { 0 };
	struct outer outer;

	assert_int_equal(json_read(text, strlen(text), &outer_shape, &outer, &arena, &err), -1);
	assert_true(strlen(err.text) < 210 + strlen(wanted));
	assert_non_null(strstr(err.text, "…"));
	assert_non_null(strstr(err.text, end));
	assert_string_equal(err.text + strlen(err.text) - strlen(wanted), wanted);
	arena_release(&arena);
}

static void nesting_values_and_size_are_bounded(void **state)
{
	autostrbuf struct strbuf deep = { 0 };
	autostrbuf struct strbuf many = { 0 };
	autostrbuf struct strbuf fits = { 0 };
	autofree char *large = mem_alloc(JSON_SIZE_MAX + 1);
	struct arena arena = { 0 };
	struct outer o;

	(void)state;
	strbuf_add_str(&deep, "{\"x\":");
	add_repeated(&deep, "[", 100000);
	assert_no_json(deep.bytes, "x[0][0]");
	assert_too_deep(deep.bytes, "[0][0][0]: nested");
	strbuf_add_str(&many, "{\"x\":[");
	add_repeated(&many, "0,", JSON_VALUES_MAX);
	strbuf_add_str(&many, "0]}");
	assert_no_json(many.bytes, "x[1048574]: more than 1048576 values");
	strbuf_add_str(&fits, "{\"x\":");
	add_repeated(&fits, "[", JSON_DEPTH_MAX - 1);
	add_repeated(&fits, "]", JSON_DEPTH_MAX - 1);
	strbuf_add_str(&fits, "}");
	read_ok(fits.bytes, &o, &arena);
	arena_release(&arena);
	/*
	 * One level more, in objects: the middle of the path is left out, as it is too long for a
	 * line.
	 */
	strbuf_release(&fits);
	fits = (struct strbuf){ 0 };
	add_repeated(&fits, "{\"name\":", JSON_DEPTH_MAX);
	strbuf_add_str(&fits, "{}");
	add_repeated(&fits, "}", JSON_DEPTH_MAX);
	assert_no_json(fits.bytes, "name.name.name.");
	assert_too_deep(fits.bytes, "name.name.name: nested");
	assert_refused_bytes(large, JSON_SIZE_MAX + 1, "larger than 12582912 bytes");
}

static void assert_written(const char *text, const char *wanted)
{
	autostrbuf struct strbuf out = { 0 };

	json_write_string(text, &out);
	assert_string_equal(out.bytes, wanted);
}

static void strings_are_written_as_json_whatever_they_hold(void **state)
{
	(void)state;
	assert_written("", "\"\"");
	assert_written("a\"b\\c/", "\"a\\\"b\\\\c/\"");
	assert_written("\b\f\n\r\t\x01\x1f", "\"\\b\\f\\n\\r\\t\\u0001\\u001f\"");
	assert_written("\xc3\xa4\xf0\x9f\x98\x80", "\"\xc3\xa4\xf0\x9f\x98\x80\"");
	assert_written("a\xff\xc3", "\"a\xef\xbf\xbd\xef\xbf\xbd\"");
	/*
	 * DEL, C1, a mark of direction, a tag beyond U+FFFF: the value stays the same, and no
	 * terminal acts on it.
	 */
	assert_written("\x7f\xc2\x9b\xe2\x80\xae\xf3\xa0\x81\x81",
		       "\"\\u007f\\u009b\\u202e\\udb40\\udc41\"");
}

/* Each byte but NUL, alone and beside others. */
static void our_own_documents_have_any_bytes(void **state)
{
	struct outer written = { .text = NULL, .color = -1 }, read;
	autostrbuf struct strbuf text = { 0 }, own = { 0 };
	struct error err = ERROR_NONE;
	struct arena arena = { 0 };
	char *items[1];

	(void)state;
	for (int byte = 1; byte < 256; byte++)
		strbuf_addf(&text, "%ca%c%c", byte, byte, 256 - byte);
	written.text = items[0] = text.bytes;
	written.strings.items = items;
	written.strings.count = 1;
	json_write(&outer_shape, &written, JSON_OWN, &own);
	assert_int_equal(json_read_own(own.bytes, own.size, &outer_shape, &read, &arena, &err), 0);
	assert_string_equal(read.text, text.bytes);
	assert_string_equal(read.strings.items[0], text.bytes);
	/* Other documents must be UTF-8. */
	assert_int_equal(json_read(own.bytes, own.size, &outer_shape, &read, &arena, &err), -1);
	assert_non_null(strstr(err.text, "invalid UTF-8"));
	arena_release(&arena);
}

static void a_text_that_json_cannot_say_is_named_by_its_place(void **state)
{
	char *items[] = { "plain", "\xc3\xa4", "\xff" };
	struct outer written = { .color = -1, .strings = { items, 2 } };
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(json_check_text(&outer_shape, &written, &err), 0);
	written.strings.count = 3;
	assert_int_equal(json_check_text(&outer_shape, &written, &err), -1);
	assert_string_equal(err.text, "strings[2]: invalid UTF-8");
}

/* Words that are made numbers: their lengths. */
static int read_lengths(const struct str_list *words, struct arena *arena, void *member)
{
	int *sum = member;

	(void)arena;
	for (size_t i = 0; i < words->count; i++) {
		if (str_equal(words->items[i], "unknown"))
			return -1;
		*sum += (int)strlen(words->items[i]);
	}
	return 0;
}

static void write_lengths(const void *member, struct arena *arena, struct str_list *ret_words)
{
	if (*(const int *)member == 0)
		return;
	ret_words->items = arena_alloc(arena, sizeof(char *));
	ret_words->items[ret_words->count++] = arena_strf(arena, "%d", *(const int *)member);
}

struct lengths {
	int word;
	int words;
};

static const struct json_words as_lengths = { read_lengths, write_lengths };
static const struct json_field lengths_fields[] = {
	{ "word", JSON_WORD, .words = &as_lengths, .refusal = "is unknown: must be short",
	  .offset = offsetof(struct lengths, word) },
	{ "words", JSON_WORDS, .words = &as_lengths, .offset = offsetof(struct lengths, words) },
};
static const struct json_shape lengths_shape = { sizeof(struct lengths), lengths_fields,
						 ARRAY_SIZE(lengths_fields) };

static void assert_lengths(const char *text, int result, const char *wanted)
{
	struct error_list list = { 0 };
	struct error err = ERROR_NONE, gathered = { .all = &list };
	autostrbuf struct strbuf written = { 0 };
	struct arena arena = { 0 };
	struct lengths lengths;

	assert_int_equal(json_read(text, strlen(text), &lengths_shape, &lengths, &arena, &err),
			 result);
	if (result == 0)
		json_write(&lengths_shape, &lengths, JSON_COMPACT, &written);
	assert_string_equal(result == 0 ? written.bytes : err.text, wanted);
	/* Where errors are gathered, it is refused the same. */
	assert_int_equal(json_read(text, strlen(text), &lengths_shape, &lengths, &arena, &gathered),
			 result);
	assert_int_equal(list.count > 0, result < 0);
	error_list_release(&list);
	arena_release(&arena);
}

static void words_become_a_type_and_words_again(void **state)
{
	(void)state;
	assert_lengths("{\"word\":\"abc\",\"words\":[\"a\",\"bc\",\"\"]}", 0,
		       "{\"word\":\"3\",\"words\":[\"3\"]}");
	assert_lengths("{\"words\":[]}", 0, "{}");
	assert_lengths("{\"word\":null}", 0, "{}");
	assert_lengths("{\"word\":\"unknown\"}", -1, "word: \"unknown\" is unknown: must be short");
	assert_lengths("{\"word\":5}", -1, "word: must be a string, not a number");
	assert_lengths("{\"words\":\"a\"}", -1, "words: must be an array, not a string");
	assert_lengths("{\"words\":[\"a\",5]}", -1, "words[1]: must be a string, not a number");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_is_read),
		cmocka_unit_test(what_was_read_is_written_the_same),
		cmocka_unit_test(indented_form_has_four_spaces_and_a_last_newline),
		cmocka_unit_test(null_is_not_given_and_unknown_is_skipped),
		cmocka_unit_test(wrong_types_name_their_place),
		cmocka_unit_test(numbers_out_of_range_are_refused),
		cmocka_unit_test(duplicate_keys_are_refused_everywhere),
		cmocka_unit_test(strings_are_utf8_without_nul),
		cmocka_unit_test(escaped_backslashes_arent_taken_for_escapes),
		cmocka_unit_test(what_is_no_json_is_told_with_line_and_column),
		cmocka_unit_test(nesting_values_and_size_are_bounded),
		cmocka_unit_test(strings_are_written_as_json_whatever_they_hold),
		cmocka_unit_test(our_own_documents_have_any_bytes),
		cmocka_unit_test(a_text_that_json_cannot_say_is_named_by_its_place),
		cmocka_unit_test(words_become_a_type_and_words_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
