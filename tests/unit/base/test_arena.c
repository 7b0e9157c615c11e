// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/arena.h"
#include "core/base/str.h"

static struct arena arena;

static int setup(void **state)
{
	(void)state;
	arena = (struct arena){ 0 };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static void memory_is_zeroed_and_aligned_and_apart(void **state)
{
	static const size_t sizes[] = { 1, 3, 8, 17, 100, 0, 4096, 1 };
	unsigned char *parts[ARRAY_SIZE(sizes)];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		/* A text between them makes the next start odd. */
		arena_str(&arena, "ab");
		parts[i] = arena_alloc(&arena, sizes[i]);
		assert_int_equal((uintptr_t)parts[i] % _Alignof(max_align_t), 0);
		for (size_t k = 0; k < sizes[i]; k++)
			assert_int_equal(parts[i][k], 0);
		memset(parts[i], (int)i + 1, sizes[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		for (size_t k = 0; k < sizes[i]; k++)
			assert_int_equal(parts[i][k], i + 1);
}

/* What was given out stays in its place, whatever follows: the blocks' owner has pointers into it. */
static void nothing_moves_when_the_arena_grows(void **state)
{
	char *texts[5000];

	(void)state;
	for (int i = 0; i < 5000; i++)
		texts[i] = arena_strf(&arena, "a text of some length, number %d", i);
	/* Larger than a block. */
	memset(arena_alloc(&arena, (size_t)3 << 20), 'x', (size_t)3 << 20);
	arena_str(&arena, "behind it");
	for (int i = 0; i < 5000; i++) {
		autofree char *expected = str_format("a text of some length, number %d", i);

		assert_string_equal(texts[i], expected);
	}
}

static void texts_are_copies_with_an_end(void **state)
{
	char text[] = "abc";
	char *whole = arena_str(&arena, text), *part = arena_str_n(&arena, text, 2);
	char *none = arena_str_n(&arena, text, 0), *made = arena_strf(&arena, "%s-%d", text, 5);

	(void)state;
	memset(text, 'x', 3);
	assert_string_equal(whole, "abc");
	assert_string_equal(part, "ab");
	assert_string_equal(none, "");
	assert_string_equal(made, "abc-5");
}

static void a_list_grows_one_by_one(void **state)
{
	int *items = NULL;

	(void)state;
	for (size_t i = 0; i < 1000; i++) {
		items = arena_grow(&arena, items, i, sizeof(*items));
		assert_int_equal(items[i], 0);
		items[i] = (int)i;
	}
	for (int i = 0; i < 1000; i++)
		assert_int_equal(items[i], i);
}

/* Two lists can begin as the same memory: what is added to one must not appear in the other. */
static void copies_of_a_list_grow_apart(void **state)
{
	int *first = NULL, *second;
	size_t count;

	(void)state;
	for (count = 0; count < 20; count++) {
		first = arena_grow(&arena, first, count, sizeof(*first));
		first[count] = (int)count;
	}
	second = first;
	first = arena_grow(&arena, first, count, sizeof(*first));
	first[count] = 100;
	second = arena_grow(&arena, second, count, sizeof(*second));
	assert_int_equal(second[count], 0);
	second[count] = 200;
	assert_int_equal(first[count], 100);
	assert_int_equal(second[19], 19);
}

static void lists_that_grow_in_turn_stay_whole(void **state)
{
	char *lists[3] = { NULL };

	(void)state;
	for (size_t i = 0; i < 300; i++)
		for (size_t k = 0; k < 3; k++) {
			lists[k] = arena_grow(&arena, lists[k], i, 1);
			lists[k][i] = (char)('a' + (char)k);
		}
	for (size_t i = 0; i < 300; i++)
		for (size_t k = 0; k < 3; k++)
			assert_int_equal(lists[k][i], 'a' + (int)k);
}

/* A constant that the arena doesn't own can be the beginning. */
static void a_list_of_others_is_copied(void **state)
{
	static const int given[] = { 1, 2, 3 };
	int *items = arena_grow(&arena, given, 3, sizeof(*items));

	(void)state;
	items[0] = 7;
	items[3] = 4;
	assert_int_equal(given[0], 1);
	assert_int_equal(items[2], 3);
}

/* A size from outside that overflows ends the program, and never gives less than was asked for. */
static void more_than_there_is_ends_the_program(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		int status;
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			int null = dup2(STDOUT_FILENO, STDERR_FILENO);

			close(null);
			if (i == 0)
				arena_alloc(&arena, SIZE_MAX - 64);
			else
				arena_grow(&arena, "", SIZE_MAX / 4, 16);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
}

static void an_arena_can_be_used_again_after_its_release(void **state)
{
	(void)state;
	arena_str(&arena, "a");
	arena_release(&arena);
	assert_string_equal(arena_str(&arena, "b"), "b");
	arena_release(&arena);
	arena_release(&arena);
	arena_release(NULL);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(memory_is_zeroed_and_aligned_and_apart),
		TEST(nothing_moves_when_the_arena_grows),
		TEST(texts_are_copies_with_an_end),
		TEST(a_list_grows_one_by_one),
		TEST(copies_of_a_list_grow_apart),
		TEST(lists_that_grow_in_turn_stay_whole),
		TEST(a_list_of_others_is_copied),
		TEST(more_than_there_is_ends_the_program),
		TEST(an_arena_can_be_used_again_after_its_release),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
