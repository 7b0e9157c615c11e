// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/str.h"
#include "core/base/utf8.h"

static void assert_escaped(const char *text, const char *wanted)
{
	autostrbuf struct strbuf out = { 0 };

	utf8_escape(text, &out);
	assert_string_equal(out.bytes, wanted);
}

static void printable_characters_stay(void **state)
{
	(void)state;
	assert_escaped("", "");
	assert_escaped("mount proc on /proc: 1 < 2 ~", "mount proc on /proc: 1 < 2 ~");
	assert_escaped("Grüße, Ελλάδα, 日本語, 👍", "Grüße, Ελλάδα, 日本語, 👍");
	/* Beside the bounds: U+00A0, U+200A, U+2010, U+2027, U+202F, U+FFFD. */
	assert_escaped("\xc2\xa0 \xe2\x80\x8a \xe2\x80\x90 \xe2\x80\xa7 \xe2\x80\xaf \xef\xbf\xbd",
		       "\xc2\xa0 \xe2\x80\x8a \xe2\x80\x90 \xe2\x80\xa7 \xe2\x80\xaf \xef\xbf\xbd");
}

static void control_characters_are_escaped(void **state)
{
	(void)state;
	assert_escaped("a\nb\r\tc\x1b[31m\x7f", "a\\x0ab\\x0d\\x09c\\x1b[31m\\x7f");
	/* U+0080, U+009B (as ESC [ is), U+009F, and the same as bytes of an 8-bit terminal. */
	assert_escaped("\xc2\x80-\xc2\x9b"
		       "31m-\xc2\x9f",
		       "\\u0080-\\u009b31m-\\u009f");
	assert_escaped("\x9b"
		       "31m \x85",
		       "\\x9b31m \\x85");
}

static void characters_without_width_are_escaped(void **state)
{
	static const struct {
		const char *character;
		const char *escaped;
	} cases[] = {
		{ "\xc2\xad", "\\u00ad" },     { "\xd8\x9c", "\\u061c" },
		{ "\xe2\x80\x8b", "\\u200b" }, { "\xe2\x80\x8d", "\\u200d" },
		{ "\xe2\x80\x8e", "\\u200e" }, { "\xe2\x80\x8f", "\\u200f" },
		{ "\xe2\x80\xa8", "\\u2028" }, { "\xe2\x80\xa9", "\\u2029" },
		{ "\xe2\x80\xaa", "\\u202a" }, { "\xe2\x80\xae", "\\u202e" },
		{ "\xe2\x81\xa0", "\\u2060" }, { "\xe2\x81\xa6", "\\u2066" },
		{ "\xe2\x81\xa9", "\\u2069" }, { "\xef\xbb\xbf", "\\ufeff" },
		{ "\xef\xbf\xb9", "\\ufff9" }, { "\xf3\xa0\x80\x81", "\\U000e0001" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autofree char *text = str_format("a%sb", cases[i].character);
		autofree char *wanted = str_format("a%sb", cases[i].escaped);

		assert_escaped(text, wanted);
	}
}

static void bytes_that_are_no_utf8_are_escaped_one_by_one(void **state)
{
	(void)state;
	assert_escaped("a\xff\xfe"
		       "b",
		       "a\\xff\\xfeb");
	assert_escaped("cut \xe2\x80", "cut \\xe2\\x80");
	assert_escaped("overlong \xc0\x8a", "overlong \\xc0\\x8a");
	assert_escaped("surrogate \xed\xa0\x80", "surrogate \\xed\\xa0\\x80");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(printable_characters_stay),
		cmocka_unit_test(control_characters_are_escaped),
		cmocka_unit_test(characters_without_width_are_escaped),
		cmocka_unit_test(bytes_that_are_no_utf8_are_escaped_one_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
