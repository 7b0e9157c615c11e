// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/span.h"
#include "core/base/str.h"

static struct span span_of(const char *text)
{
	return (struct span){ text, strlen(text) };
}

/* The parts of @text, joined by a bar: "a,b," at commas is "a|b|". */
static void assert_cut(const char *text, char divider, const char *expected)
{
	autostrbuf struct strbuf parts = { 0 };
	struct span rest = span_of(text), part;

	while (span_cut(&rest, divider, &part)) {
		strbuf_add(&parts, part.bytes, part.size);
		strbuf_add_str(&parts, "|");
	}
	assert_string_equal(parts.size ? parts.bytes : "", expected);
	assert_int_equal(rest.size, 0);
}

static void a_text_is_cut_at_each_divider(void **state)
{
	(void)state;
	assert_cut("", ',', "");
	assert_cut("a", ',', "a|");
	assert_cut("a,bc", ',', "a|bc|");
	assert_cut(",", ',', "|");
	assert_cut(",a,,b", ',', "|a||b|");
	/* Lines: behind the last newline no empty line follows. */
	assert_cut("one\ntwo\n", '\n', "one|two|");
}

static void parts_are_of_the_text_itself(void **state)
{
	static const char text[] = "name=value=more";
	struct span rest = { text, 10 }, part;

	(void)state;
	assert_true(span_cut(&rest, '=', &part));
	assert_true(part.bytes == text && part.size == 4);
	assert_true(rest.bytes == text + 5 && rest.size == 5);
	/* What is behind the span's end isn't looked at. */
	assert_true(span_cut(&rest, '=', &part));
	assert_int_equal(part.size, 5);
	assert_false(span_cut(&rest, '=', &part));
	assert_int_equal(part.size, 5);
}

static void assert_trimmed(const char *text, size_t size, const char *expected)
{
	struct span trimmed = span_trim((struct span){ text, size });

	assert_int_equal(trimmed.size, strlen(expected));
	assert_memory_equal(trimmed.bytes, expected, trimmed.size);
}

static void blanks_are_cut_off_at_both_ends(void **state)
{
	(void)state;
	assert_trimmed("", 0, "");
	assert_trimmed(" \t\r ", 4, "");
	assert_trimmed("\t a b \r", 7, "a b");
	assert_trimmed("ab", 2, "ab");
	/* A newline divides lines, and is no blank of one. */
	assert_trimmed("\na\n", 3, "\na\n");
	/* strchr(3) finds the NUL at the end of its list, too. */
	assert_int_equal(span_trim((struct span){ "\0a\0", 3 }).size, 3);
}

static void a_word_is_compared_whole(void **state)
{
	(void)state;
	assert_true(span_is(span_of("urun"), "urun"));
	assert_false(span_is(span_of("urun"), "uru"));
	assert_false(span_is(span_of("uru"), "urun"));
	assert_false(span_is(span_of("urun"), "urux"));
	assert_true(span_is(span_of(""), ""));
	assert_false(span_is(span_of(""), NULL));
	assert_true(span_is((struct span){ "urun2", 4 }, "urun"));
	assert_false(span_is((struct span){ "a\0b", 3 }, "a"));
}

static void a_word_is_found_among_others(void **state)
{
	(void)state;
	assert_true(span_has_word(span_of("cpu io memory"), "cpu"));
	assert_true(span_has_word(span_of("cpu io memory\n"), "memory"));
	assert_true(span_has_word(span_of("cpu\nio  memory"), "io"));
	assert_true(span_has_word(span_of("cpu\nio  memory"), "memory"));
	assert_false(span_has_word(span_of("cpuset io"), "cpu"));
	assert_false(span_has_word(span_of("cpu"), "cpuset"));
	assert_false(span_has_word(span_of(""), "cpu"));
}

static void a_number_is_digits_and_nothing_else(void **state)
{
	static const char *const wrong[] = {
		"", "-1", "+1", " 1", "1 ", "1a", "a", "0x1", "4294967296", "00000000000000000001"
	};
	uint32_t value = 77;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_false(span_number(span_of(wrong[i]), &value));
	/* The text ends where the span does, and not at a NUL. */
	assert_false(span_number((struct span){ "1\0", 2 }, &value));
	assert_int_equal(value, 77);
	assert_true(span_number((struct span){ "123", 2 }, &value));
	assert_int_equal(value, 12);
	assert_true(span_number(span_of("0"), &value));
	assert_int_equal(value, 0);
	assert_true(span_number(span_of("4294967295"), &value));
	assert_true(value == UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_is_cut_at_each_divider),
		cmocka_unit_test(parts_are_of_the_text_itself),
		cmocka_unit_test(blanks_are_cut_off_at_both_ends),
		cmocka_unit_test(a_word_is_compared_whole),
		cmocka_unit_test(a_word_is_found_among_others),
		cmocka_unit_test(a_number_is_digits_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
