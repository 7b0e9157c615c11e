// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "core/base/moment.h"

#define S ((uint64_t)1000000000)

/* 2026-03-04T05:06:07Z, as date(1) tells it. */
#define NOW (1772600767 * S)

static void assert_moment(const char *text, uint64_t expected)
{
	uint64_t ns = 1;

	if (moment_parse(text, NOW, &ns) < 0)
		fail_msg("%s is refused", text);
	assert_int_equal(ns, expected);
}

static void assert_refused(const char *text, int error)
{
	uint64_t ns = 1;

	if (moment_parse(text, NOW, &ns) != error)
		fail_msg("%s isn't refused as it should be", text);
	assert_int_equal(ns, 1);
}

static void test_dates(void **state)
{
	(void)state;
	assert_moment("2026-03-04T05:06:07Z", NOW);
	assert_moment("2026-03-04t05:06:07z", NOW);
	assert_moment("2026-03-04T05:06:07.25Z", NOW + S / 4);
	assert_moment("2026-03-04T06:06:07+01:00", NOW);
	assert_moment("2026-03-03T23:36:07-05:30", NOW);
	assert_moment("2026-03-04T05:06:07.1234567899Z", NOW + 123456789);
	assert_moment("2024-02-29T00:00:00Z", 1709164800 * S);
	/* Without a zone: local, which main() has set. */
	assert_moment("2026-03-04T07:06:07", NOW);
	assert_moment("2026-03-04T07:06", NOW - 7 * S);
	assert_moment("2026-03-04", NOW - (7 * 3600 + 6 * 60 + 7) * S);
}

static void test_seconds(void **state)
{
	(void)state;
	assert_moment("1772600767", NOW);
	assert_moment("1772600767.5", NOW + S / 2);
	assert_moment("0", 0);
}

static void test_durations(void **state)
{
	(void)state;
	assert_moment("10m", NOW - 600 * S);
	assert_moment("1h30m", NOW - 5400 * S);
	assert_moment("1.5h", NOW - 5400 * S);
	assert_moment("90s", NOW - 90 * S);
	assert_moment("500ms", NOW - S / 2);
	assert_moment(".5s", NOW - S / 2);
	assert_moment("1m500us3ns", NOW - 60 * S - 500003);
}

static void test_what_is_no_moment_is_refused(void **state)
{
	static const char *const texts[] = { "",
					     ".",
					     "-1",
					     "+1",
					     " 1",
					     "1 ",
					     "10x",
					     "10m5",
					     "m",
					     "1.s",
					     "1..5s",
					     "2026-13-01",
					     "2026-04-31T00:00:00Z",
					     "2025-02-29T00:00:00Z",
					     "2026-03-04T24:00:00Z",
					     "2026-03-04T05:06:07+1:00",
					     "2026-03-04T05:06:07Zx",
					     "2026-03-04T05:06:07.Z",
					     "2026-3-4",
					     "yesterday" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_refused(texts[i], -EINVAL);
	assert_refused("99999999999999999999", -ERANGE);
	assert_refused("999999999h", -ERANGE);
	assert_refused("1969-12-31T00:00:00Z", -ERANGE);
	assert_refused("2300-01-01T00:00:00Z", -ERANGE);
}

static void test_what_is_printed_is_read_again(void **state)
{
	autostrbuf struct strbuf text = { 0 };

	(void)state;
	moment_print(NOW + 5, &text);
	assert_string_equal(text.bytes, "2026-03-04T07:06:07.000000005+02:00");
	assert_moment(text.bytes, NOW + 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_seconds),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_what_is_no_moment_is_refused),
		cmocka_unit_test(test_what_is_printed_is_read_again),
	};

	setenv("TZ", "EET-2", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
