// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <time.h>

#include "core/base/clock.h"

static void assert_as_the_library_says(time_t seconds)
{
	char ours[CLOCK_TEXT_SIZE], date[CLOCK_TEXT_SIZE], expected[2 * CLOCK_TEXT_SIZE];
	struct tm parts;

	clock_print_utc((struct timespec){ .tv_sec = seconds, .tv_nsec = 7 }, ours);
	assert_non_null(gmtime_r(&seconds, &parts));
	assert_true(strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &parts) > 0);
	snprintf(expected, sizeof(expected), "%s.000000007Z", date);
	assert_string_equal(ours, expected);
}

/* 400 years have each kind of year; a step of 11 hours and odd seconds sees each day and hour. */
static void test_each_day_of_400_years(void **state)
{
	(void)state;
	for (time_t seconds = 0; seconds < (time_t)400 * 366 * 86400; seconds += 11 * 3600 + 61)
		assert_as_the_library_says(seconds);
}

static void test_the_ends_of_days_and_years(void **state)
{
	/* 1970-01-01, 1999-12-31, 2000-02-29, 2000-03-01, 2026-12-31, 2100-02-28 and their ends. */
	static const time_t days[] = { 0, 10956, 11016, 11017, 20818, 47540 };

	(void)state;
	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
		assert_as_the_library_says(days[i] * 86400);
		assert_as_the_library_says(days[i] * 86400 + 86399);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_day_of_400_years),
		cmocka_unit_test(test_the_ends_of_days_and_years),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
