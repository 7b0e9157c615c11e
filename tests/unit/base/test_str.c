// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/arena.h"
#include "core/base/str.h"
#include "core/base/utf8.h"

static void buffer_grows_and_ends_with_nul(void **state)
{
	autostrbuf struct strbuf buf = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++)
		strbuf_addf(&buf, "%d,", i);
	assert_int_equal(buf.size, 10 * 2 + 90 * 3 + 900 * 4);
	assert_int_equal(buf.bytes[buf.size], '\0');
	assert_memory_equal(buf.bytes, "0,1,2,3,", 8);
	assert_string_equal(buf.bytes + buf.size - 4, "999,");
}

static void buffer_takes_any_bytes_and_none(void **state)
{
	autostrbuf struct strbuf buf = { 0 };

	(void)state;
	strbuf_add(&buf, NULL, 0);
	assert_string_equal(buf.bytes, "");
	strbuf_add(&buf, "a\0b", 3);
	assert_int_equal(buf.size, 3);
	assert_memory_equal(buf.bytes, "a\0b", 4);
	strbuf_release(&buf);
	assert_null(buf.bytes);
	strbuf_add_str(&buf, "again");
	assert_string_equal(buf.bytes, "again");
}

static void copies_and_formats(void **state)
{
	autofree char *part = str_dup_n("abcdef", 3);
	autofree char *text = str_format("%s-%d", part, 7);
	autofree char *zeroed = mem_alloc(16);
	char *moved = take_ptr(text);

	(void)state;
	assert_null(text);
	assert_string_equal(part, "abc");
	assert_string_equal(moved, "abc-7");
	for (int i = 0; i < 16; i++)
		assert_int_equal(zeroed[i], 0);
	free(moved);
}

static void a_text_is_found_in_a_list_of_names(void **state)
{
	static const char *const names[] = { "a", "ab", "", NULL };

	(void)state;
	assert_int_equal(str_find(names, "a"), 0);
	assert_int_equal(str_find(names, "ab"), 1);
	assert_int_equal(str_find(names, ""), 2);
	assert_int_equal(str_find(names, "abc"), -1);
	assert_int_equal(str_find(names, "A"), -1);
	assert_int_equal(str_find(&names[3], "a"), -1);
	assert_int_equal(str_find_any_case(names, "AB"), 1);
	assert_int_equal(str_find_any_case(names, "ABC"), -1);
}

static void questions_about_texts(void **state)
{
	(void)state;
	assert_true(str_equal("a", "a"));
	assert_false(str_equal("a", NULL));
	assert_false(str_equal(NULL, NULL));
	assert_true(str_starts_with("file:x", "file:"));
	assert_false(str_starts_with("fil", "file:"));
}

static void arena_gives_zeroed_aligned_memory_of_any_size(void **state)
{
	struct arena arena = { 0 };

	(void)state;
	for (size_t size = 0; size < 100000; size = size * 2 + 1) {
		unsigned char *memory = arena_alloc(&arena, size);

		assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(memory[i], 0);
		if (size)
			memset(memory, 0xff, size);
		assert_string_equal(arena_str_n(&arena, "abcdef", 3), "abc");
	}
	assert_string_equal(arena_strf(&arena, "%d %s", 1, "x"), "1 x");
	arena_release(&arena);
	assert_null(arena.blocks);
	arena_release(&arena);
	arena_release(NULL);
}

static void arena_grows_lists_by_one(void **state)
{
	struct arena arena = { 0 };
	int *items = NULL;

	(void)state;
	for (int i = 0; i < 100; i++) {
		items = arena_grow(&arena, items, (size_t)i, sizeof(*items));
		assert_int_equal(items[i], 0);
		items[i] = i;
	}
	for (int i = 0; i < 100; i++)
		assert_int_equal(items[i], i);
	arena_release(&arena);
}

/* Source: The Unicode Standard, table 3-7. */
static void utf8_is_told_from_other_bytes(void **state)
{
	static const char *const good[] = { "",
					    "plain ascii of more than eight bytes",
					    "\xc2\x80",
					    "\xdf\xbf",
					    "\xe0\xa0\x80",
					    "\xed\x9f\xbf",
					    "\xee\x80\x80",
					    "\xf0\x90\x80\x80",
					    "\xf4\x8f\xbf\xbf",
					    "12345678\xc3\xa4" };
	static const char *const bad[] = { "\x80",
					   "\xc0\x80",
					   "\xc1\xbf",
					   "\xc2",
					   "\xe0\x9f\xbf",
					   "\xed\xa0\x80",
					   "\xf0\x8f\xbf\xbf",
					   "\xf4\x90\x80\x80",
					   "\xf5\x80\x80\x80",
					   "\xff",
					   "\xe2\x82",
					   "\xe2\x28\xa1",
					   "12345678\xff" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(utf8_is_valid((const unsigned char *)good[i], strlen(good[i])));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(utf8_is_valid((const unsigned char *)bad[i], strlen(bad[i])));
}

/* An item that is added to one of two lists with a common beginning isn't in the other. */
static void arena_keeps_lists_apart_that_began_as_one(void **state)
{
	struct arena arena = { 0 };
	int *one = NULL, *two;

	(void)state;
	for (size_t i = 0; i < 20; i++) {
		one = arena_grow(&arena, one, i, sizeof(*one));
		assert_int_equal(one[i], 0);
		one[i] = (int)i;
	}
	two = one;
	one = arena_grow(&arena, one, 20, sizeof(*one));
	one[20] = 1;
	two = arena_grow(&arena, two, 20, sizeof(*two));
	two[20] = 2;
	assert_int_equal(one[20], 1);
	assert_int_equal(two[20], 2);
	assert_int_equal(two[19], 19);
	arena_release(&arena);
}

static void arena_grows_long_lists_without_copying_each_time(void **state)
{
	struct arena arena = { 0 };
	int *items = NULL, *before;
	size_t copies = 0;

	(void)state;
	for (size_t i = 0; i < 100000; i++) {
		before = items;
		items = arena_grow(&arena, items, i, sizeof(*items));
		copies += items != before;
	}
	assert_in_range(copies, 1, 40);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buffer_grows_and_ends_with_nul),
		cmocka_unit_test(buffer_takes_any_bytes_and_none),
		cmocka_unit_test(copies_and_formats),
		cmocka_unit_test(questions_about_texts),
		cmocka_unit_test(a_text_is_found_in_a_list_of_names),
		cmocka_unit_test(arena_gives_zeroed_aligned_memory_of_any_size),
		cmocka_unit_test(arena_grows_lists_by_one),
		cmocka_unit_test(arena_keeps_lists_apart_that_began_as_one),
		cmocka_unit_test(arena_grows_long_lists_without_copying_each_time),
		cmocka_unit_test(utf8_is_told_from_other_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
