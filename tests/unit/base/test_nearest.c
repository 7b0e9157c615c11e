// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/nearest.h"
#include "core/base/str.h"

static const char *const names[] = { "volume", "network", "state", "start", "stats",
				     "name",   "rm",	  "user",  "env",   "tmpfs" };

static const char *nearest_of(const char *word)
{
	struct nearest nearest = nearest_begin(word);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		nearest_try(&nearest, names[i]);
	return nearest.name ? nearest.name : "none";
}

static void one_slip_of_each_kind_is_recognized(void **state)
{
	(void)state;
	assert_string_equal(nearest_of("volumes"), "volume");
	assert_string_equal(nearest_of("volme"), "volume");
	assert_string_equal(nearest_of("volune"), "volume");
	assert_string_equal(nearest_of("voluem"), "volume");
	assert_string_equal(nearest_of("netwrok"), "network");
	assert_string_equal(nearest_of("mr"), "rm");
	assert_string_equal(nearest_of("usr"), "user");
}

static void a_word_that_is_like_no_name_has_no_nearest(void **state)
{
	char longest[512] = { 0 };

	(void)state;
	memset(longest, 'v', sizeof(longest) - 1);
	assert_string_equal(nearest_of("bogus"), "none");
	assert_string_equal(nearest_of(""), "none");
	assert_string_equal(nearest_of("x"), "none");
	/* Three edits are too many for seven letters. */
	assert_string_equal(nearest_of("volxyze"), "none");
	assert_string_equal(nearest_of(longest), "none");
}

static void the_nearer_name_wins_and_then_the_one_that_begins_so(void **state)
{
	(void)state;
	assert_string_equal(nearest_of("stat"), "state");
	assert_string_equal(nearest_of("strat"), "start");
	assert_string_equal(nearest_of("starts"), "start");
	assert_string_equal(nearest_of("statss"), "stats");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_slip_of_each_kind_is_recognized),
		cmocka_unit_test(a_word_that_is_like_no_name_has_no_nearest),
		cmocka_unit_test(the_nearer_name_wins_and_then_the_one_that_begins_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
