// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/config/log_options.h"

static void assert_options(const char *text, bool none, int64_t size)
{
	struct log_options options;
	struct error err = ERROR_NONE;

	assert_int_equal(log_options_parse(text, &options, &err), 0);
	assert_int_equal(options.none, none);
	assert_int_equal(options.size, size);
}

static void test_words_and_sizes(void **state)
{
	(void)state;
	assert_options(NULL, false, 10 << 20);
	assert_options("", false, 10 << 20);
	assert_options("none", true, 10 << 20);
	assert_options("max-size=1m", false, 1 << 20);
	assert_options("max-size=16k", false, 16 << 10);
	assert_options("none,max-size=20m", true, 20 << 20);
}

static void test_other_texts_are_refused(void **state)
{
	static const char *const texts[] = { "None",	   "max-size",	  "max-size=",
					     "max-size=x", "max-size=-1", "max-size=16383",
					     "none,x",	   " none" };
	struct log_options options = { .size = 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct error err = ERROR_NONE;

		assert_int_equal(log_options_parse(texts[i], &options, &err), -1);
		assert_non_null(strstr(err.text, strrchr(texts[i], ',') ? "'x'" : texts[i]));
		assert_int_equal(options.size, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_and_sizes),
		cmocka_unit_test(test_other_texts_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
