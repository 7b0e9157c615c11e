// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/str.h"
#include "core/base/utf8.h"

static void expect_printed(const char *text, const char *wanted)
{
	autofree char *copy = str_dup(text);

	utf8_make_printable(copy);
	assert_string_equal(copy, wanted);
}

static void what_is_seen_stays(void **state)
{
	(void)state;
	expect_printed("", "");
	expect_printed("mount proc on /proc: 1 < 2 ~", "mount proc on /proc: 1 < 2 ~");
	expect_printed("Grüße, Ελλάδα, 日本語, 👍", "Grüße, Ελλάδα, 日本語, 👍");
	/* Beside the bounds: U+00A0, U+200A, U+2010, U+2027, U+202F, U+FFFD. */
	expect_printed("\xc2\xa0 \xe2\x80\x8a \xe2\x80\x90 \xe2\x80\xa7 \xe2\x80\xaf \xef\xbf\xbd",
		       "\xc2\xa0 \xe2\x80\x8a \xe2\x80\x90 \xe2\x80\xa7 \xe2\x80\xaf \xef\xbf\xbd");
}

static void control_characters_are_marks(void **state)
{
	(void)state;
	expect_printed("a\nb\r\tc\x1b[31m\x7f", "a?b??c?[31m?");
	/* U+0080, U+009B (as ESC [ is), U+009F, and the same as bytes of an 8-bit terminal. */
	expect_printed("\xc2\x80-\xc2\x9b"
		       "31m-\xc2\x9f",
		       "?-?31m-?");
	expect_printed("\x9b"
		       "31m \x85",
		       "?31m ?");
}

static void marks_of_direction_and_what_has_no_width_are_marks(void **state)
{
	static const char *const unseen[] = {
		"\xc2\xad",	"\xd8\x9c",	"\xe2\x80\x8b", "\xe2\x80\x8d",
		"\xe2\x80\x8e", "\xe2\x80\x8f", "\xe2\x80\xa8", "\xe2\x80\xa9",
		"\xe2\x80\xaa", "\xe2\x80\xae", "\xe2\x81\xa0", "\xe2\x81\xa6",
		"\xe2\x81\xa9", "\xef\xbb\xbf", "\xef\xbf\xb9", "\xf3\xa0\x80\x81",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(unseen); i++) {
		autofree char *text = str_format("a%sb", unseen[i]);

		expect_printed(text, "a?b");
	}
}

static void bytes_that_are_no_utf8_are_marks_one_each(void **state)
{
	(void)state;
	expect_printed("a\xff\xfe"
		       "b",
		       "a??b");
	expect_printed("cut \xe2\x80", "cut ??");
	expect_printed("overlong \xc0\x8a", "overlong ??");
	expect_printed("surrogate \xed\xa0\x80", "surrogate ???");
}

static void assert_escaped(const char *text, const char *wanted)
{
	autostrbuf struct strbuf out = { 0 };

	utf8_escape(text, &out);
	assert_string_equal(out.size ? out.bytes : "", wanted);
}

static void what_nobody_sees_is_escaped(void **state)
{
	(void)state;
	assert_escaped("", "");
	assert_escaped("plain \xc3\xa4 \xf0\x9f\x98\x80", "plain \xc3\xa4 \xf0\x9f\x98\x80");
	assert_escaped("a\xe2\x80\xae"
		       "b\xe2\x80\x8b",
		       "a\\u202eb\\u200b");
	assert_escaped("\n\x1b[31m\x7f\xc2\x9b", "\\x0a\\x1b[31m\\x7f\\u009b");
	assert_escaped("\xf3\xa0\x81\x81", "\\U000e0041");
	assert_escaped("\xff\xc3", "\\xff\\xc3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_seen_stays),
		cmocka_unit_test(control_characters_are_marks),
		cmocka_unit_test(marks_of_direction_and_what_has_no_width_are_marks),
		cmocka_unit_test(what_nobody_sees_is_escaped),
		cmocka_unit_test(bytes_that_are_no_utf8_are_marks_one_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
