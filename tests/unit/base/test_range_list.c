// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/range_list.h"

#define MAX 1023

/* Parses @text and prints what was read. */
static void takes(const char *text, size_t count, const char *printed)
{
	autostrbuf struct strbuf out = { 0 };
	struct arena arena = { 0 };
	range_list list;

	if (range_list_parse(text, MAX, &arena, &list) < 0)
		fail_msg("\"%s\" is refused", text);
	assert_int_equal(list.count, count);
	range_list_print(&list, &out);
	assert_string_equal(out.bytes ? out.bytes : "", printed);
	arena_release(&arena);
}

static void numbers_and_ranges_are_read_in_their_order(void **state)
{
	struct arena arena = { 0 };
	range_list list;

	(void)state;
	assert_int_equal(range_list_parse("7,0-3", MAX, &arena, &list), 0);
	assert_int_equal(list.count, 2);
	assert_int_equal(list.items[0].first, 7);
	assert_int_equal(list.items[0].last, 7);
	assert_int_equal(list.items[1].first, 0);
	assert_int_equal(list.items[1].last, 3);
	arena_release(&arena);
	takes("0-3,7", 2, "0-3,7");
	takes("1023", 1, "1023");
	takes("0-1023", 1, "0-1023");
	takes("5-5,007", 2, "5,7");
	takes(" 7, 3\t,0-1 ", 3, "7,3,0-1");
}

static void a_text_without_numbers_is_the_empty_list(void **state)
{
	(void)state;
	takes("", 0, "");
	takes(" ", 0, "");
}

static void other_texts_are_refused(void **state)
{
	static const char *const wrong[] = {
		",",
		"1,",
		",1",
		"1,,2",
		"1,2,",
		"3-0",
		"-",
		"-1",
		"1-",
		"1-2-3",
		"a",
		"1a",
		"0x1",
		"+1",
		"1 2",
		"1024",
		"0-1024",
		"4294967296",
		"99999999999999999999",
		"all",
		"0-3:1/2",
		"1;2",
		"1\n2",
		"0 - 1",
	};
	struct arena arena = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		range_list list = { .count = 9 };

		if (range_list_parse(wrong[i], MAX, &arena, &list) != -EINVAL)
			fail_msg("\"%s\" is taken", wrong[i]);
		assert_int_equal(list.count, 9);
	}
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_and_ranges_are_read_in_their_order),
		cmocka_unit_test(a_text_without_numbers_is_the_empty_list),
		cmocka_unit_test(other_texts_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
