// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rootless/subid.h"
#include "tests/unit/rootless/fake_host.h"

static const char *ranges_text(const struct subid_ranges *ranges)
{
	static char line[2048];
	autostrbuf struct strbuf text = { 0 };

	subid_print(ranges, &text);
	snprintf(line, sizeof(line), "%s", text.bytes);
	return line;
}

static const char *parsed(const char *text, const char *name, uid_t uid)
{
	struct subid_ranges ranges;

	subid_parse(text, strlen(text), name, uid, &ranges);
	return ranges_text(&ranges);
}

static void test_by_name_and_by_number(void **state)
{
	static const char text[] =
		"ann:100000:65536\n1000:300000:10\nbob:165536:65536\nann:400000:5\n";

	(void)state;
	assert_string_equal(parsed(text, "ann", 1000),
			    "100000-165535, 300000-300009, 400000-400004");
	assert_string_equal(parsed(text, "bob", 1001), "165536-231071");
	assert_string_equal(parsed(text, NULL, 1000), "300000-300009");
	assert_string_equal(parsed(text, "an", 1), "none");
	assert_string_equal(parsed(text, "anna", 100), "none");
}

static void test_other_lines_are_skipped(void **state)
{
	(void)state;
	assert_string_equal(
		parsed("# ann:1:1\n\n  \nann\nann:\nann:5\nann:5:\nann:x:5\nann:5:x\nann:-1:5\nann: 5:5\nann:5:0\n"
		       "ann:1:2:3\n:5:5\nann:99999999999999999999:1\nann:4294967290:100\n ann:7:1 \r\nann:100000:10",
		       "ann", 1000),
		"7-7, 100000-100009");
	assert_string_equal(parsed("", "ann", 1000), "none");
}

static void test_a_nul_ends_nothing(void **state)
{
	static const char text[] = "ann:1\0:5\nann:100:5\nann:7:8\0";
	struct subid_ranges ranges;

	(void)state;
	subid_parse(text, sizeof(text) - 1, "ann", 1000, &ranges);
	assert_string_equal(ranges_text(&ranges), "100-104");
}

static void test_an_id_in_two_lines_is_taken_once(void **state)
{
	(void)state;
	assert_string_equal(parsed("a:100:10\na:100:10\n", "a", 1), "100-109");
	assert_string_equal(parsed("a:100:10\na:95:20\n", "a", 1), "100-109, 95-99, 110-114");
	assert_string_equal(parsed("a:100:10\na:120:10\na:90:50\n", "a", 1),
			    "100-109, 120-129, 90-99, 110-119, 130-139");
}

static void test_more_ranges_than_fit(void **state)
{
	autostrbuf struct strbuf text = { 0 };
	struct subid_ranges ranges;

	(void)state;
	for (int i = 0; i < 200; i++)
		strbuf_addf(&text, "a:%d:5\n", 1000 + i * 10);
	subid_parse(text.bytes, text.size, "a", 1, &ranges);
	assert_int_equal(ranges.count, SUBID_RANGES_MAX);
	subid_leave_out(&ranges, 1002);
	assert_int_equal(ranges.count, SUBID_RANGES_MAX);
}

static void test_own_id_is_left_out(void **state)
{
	struct subid_ranges ranges;

	(void)state;
	subid_parse("a:100:10\na:200:1\n", 17, "a", 1, &ranges);
	subid_leave_out(&ranges, 105);
	assert_string_equal(ranges_text(&ranges), "100-104, 106-109, 200-200");
	subid_leave_out(&ranges, 100);
	subid_leave_out(&ranges, 109);
	subid_leave_out(&ranges, 200);
	assert_string_equal(ranges_text(&ranges), "101-104, 106-108");
	subid_leave_out(&ranges, 5);
	assert_string_equal(ranges_text(&ranges), "101-104, 106-108");
}

static void test_covers_ranges_that_follow_each_other(void **state)
{
	struct subid_ranges ranges;
	uint32_t missing;

	(void)state;
	subid_parse("a:110:10\na:100:10\n", 18, "a", 1, &ranges);
	assert_true(subid_covers(&ranges, 100, 20, &missing));
	assert_true(subid_covers(&ranges, 119, 1, &missing));
	assert_false(subid_covers(&ranges, 105, 20, &missing));
	assert_int_equal(missing, 120);
	assert_false(subid_covers(&ranges, 99, 2, &missing));
	assert_int_equal(missing, 99);
}

static void test_getsubids_output(void **state)
{
	static const char text[] =
		"0: ann 100000 65536\n1: ann 300000 10\nError fetching ranges\n2: ann x 1\n";
	struct subid_ranges ranges;

	(void)state;
	subid_parse_getsubids(text, strlen(text), &ranges);
	assert_string_equal(ranges_text(&ranges), "100000-165535, 300000-300009");
}

static void test_first_free(void **state)
{
	static const char text[] = "ann:100000:65536\nbob:165536:65536\n# x:900000:1\n";

	(void)state;
	assert_int_equal(subid_first_free("", 0), 100000);
	assert_int_equal(subid_first_free(text, strlen(text)), 231072);
	assert_int_equal(subid_first_free("a:4294900000:60000\n", 19), 100000);
}

static const char *loaded(enum subid_kind kind)
{
	struct error err = ERROR_NONE;
	struct subid_ranges ranges;

	assert_int_equal(subid_load(kind, fake_root, "ann", 1000, &ranges, &err), 0);
	return ranges_text(&ranges);
}

static void test_load(void **state)
{
	(void)state;
	assert_string_equal(loaded(SUBID_UID), "none");
	fake_file("/etc/subuid", "ann:100000:65536\n");
	fake_file("/etc/subgid", "ann:200000:65536\n");
	assert_string_equal(loaded(SUBID_UID), "100000-165535");
	assert_string_equal(loaded(SUBID_GID), "200000-265535");
}

static void test_getsubids_is_asked_where_nsswitch_names_a_source(void **state)
{
	static const char program[] =
		"#!/bin/sh\n"
		"case $1 in -g) echo \"0: $2 200000 7\";; *) echo \"0: $1 100000 5\"; echo noise >&2;; esac\n";

	(void)state;
	fake_file("/etc/subuid", "bob:100000:65536\n");
	fake_program("/usr/bin/getsubids", program);
	assert_string_equal(loaded(SUBID_UID), "none");
	fake_file("/etc/nsswitch.conf", "passwd: files\nsubid:  files\n");
	assert_string_equal(loaded(SUBID_UID), "none");
	fake_file("/etc/nsswitch.conf", "passwd: files\nsubid: sss\n");
	assert_string_equal(loaded(SUBID_UID), "100000-100004");
	assert_string_equal(loaded(SUBID_GID), "200000-200006");
	fake_file("/etc/subuid", "ann:300000:1\n");
	assert_string_equal(loaded(SUBID_UID), "300000-300000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_name_and_by_number),
		cmocka_unit_test(test_other_lines_are_skipped),
		cmocka_unit_test(test_a_nul_ends_nothing),
		cmocka_unit_test(test_an_id_in_two_lines_is_taken_once),
		cmocka_unit_test(test_more_ranges_than_fit),
		cmocka_unit_test(test_own_id_is_left_out),
		cmocka_unit_test(test_covers_ranges_that_follow_each_other),
		cmocka_unit_test(test_getsubids_output),
		cmocka_unit_test(test_first_free),
		cmocka_unit_test_setup_teardown(test_load, fake_host_setup, fake_host_teardown),
		cmocka_unit_test_setup_teardown(
			test_getsubids_is_asked_where_nsswitch_names_a_source, fake_host_setup,
			fake_host_teardown),
	};

	return cmocka_run_group_tests_name("subid", tests, NULL, NULL);
}
