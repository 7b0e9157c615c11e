// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "core/base/number.h"
#include "core/base/str.h"

#define UNTOUCHED 4711

static void takes_digits_up_to_the_maximum(void **state)
{
	uint64_t u64;
	uint32_t u32;

	(void)state;
	assert_int_equal(number_parse_u64("0", UINT64_MAX, &u64), 0);
	assert_int_equal(u64, 0);
	assert_int_equal(number_parse_u64("18446744073709551615", UINT64_MAX, &u64), 0);
	assert_true(u64 == UINT64_MAX);
	assert_int_equal(number_parse_u32("65536", 65536, &u32), 0);
	assert_int_equal(u32, 65536);
	assert_int_equal(number_parse_u64("007", 10, &u64), 0);
	assert_int_equal(u64, 7);
}

static void refuses_what_is_above(void **state)
{
	uint64_t u64 = UNTOUCHED;
	uint32_t u32 = UNTOUCHED;

	(void)state;
	assert_int_equal(number_parse_u64("18446744073709551616", UINT64_MAX, &u64), -ERANGE);
	assert_int_equal(number_parse_u64("99999999999999999999999999", UINT64_MAX, &u64), -ERANGE);
	assert_int_equal(number_parse_u64("11", 10, &u64), -ERANGE);
	assert_int_equal(number_parse_u32("4294967296", UINT32_MAX, &u32), -ERANGE);
	assert_int_equal(u64, UNTOUCHED);
	assert_int_equal(u32, UNTOUCHED);
}

static void refuses_what_is_no_number(void **state)
{
	static const char *const texts[] = { "",    " 1",   "1 ",  "+1",
					     "-1",  "0x10", "1e3", "1.0",
					     "\t1", "1\n",  "one", "99999999999999999999x" };
	uint64_t u64 = UNTOUCHED;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_int_equal(number_parse_u64(texts[i], UINT64_MAX, &u64), -EINVAL);
	assert_int_equal(u64, UNTOUCHED);
}

static void takes_one_minus_where_signs_are_allowed(void **state)
{
	int64_t i64 = UNTOUCHED;

	(void)state;
	assert_int_equal(number_parse_i64("-9223372036854775808", INT64_MIN, INT64_MAX, &i64), 0);
	assert_true(i64 == INT64_MIN);
	assert_int_equal(number_parse_i64("9223372036854775807", INT64_MIN, INT64_MAX, &i64), 0);
	assert_true(i64 == INT64_MAX);
	assert_int_equal(number_parse_i64("-0", -5, 5, &i64), 0);
	assert_int_equal(i64, 0);
	i64 = UNTOUCHED;
	assert_int_equal(number_parse_i64("9223372036854775808", INT64_MIN, INT64_MAX, &i64),
			 -ERANGE);
	assert_int_equal(number_parse_i64("-9223372036854775809", INT64_MIN, INT64_MAX, &i64),
			 -ERANGE);
	assert_int_equal(number_parse_i64("-6", -5, 5, &i64), -ERANGE);
	assert_int_equal(number_parse_i64("6", -5, 5, &i64), -ERANGE);
	assert_int_equal(number_parse_i64("--1", -5, 5, &i64), -EINVAL);
	assert_int_equal(number_parse_i64("-", -5, 5, &i64), -EINVAL);
	assert_int_equal(number_parse_i64("- 1", -5, 5, &i64), -EINVAL);
	assert_int_equal(i64, UNTOUCHED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_digits_up_to_the_maximum),
		cmocka_unit_test(refuses_what_is_above),
		cmocka_unit_test(refuses_what_is_no_number),
		cmocka_unit_test(takes_one_minus_where_signs_are_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
