// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/str.h"
#include "netns/slirp/memory.h"

/* As large as a buffer of libslirp. */
#define BUFFER_SIZE (130 << 10)
#define MANY	    100

static void *volatile buffers[8];

static void use_buffers(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(buffers); i++) {
		buffers[i] = malloc(BUFFER_SIZE);
		assert_non_null(buffers[i]);
		memset(buffers[i], 1, BUFFER_SIZE);
	}
}

static void free_buffers(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(buffers); i++)
		free(buffers[i]);
}

/* Another allocator than glibc's (a sanitizer's) counts nothing. */
static bool is_counted(void)
{
	free(malloc(1));
	return mallinfo2().arena > 0;
}

static size_t mapped_count(void)
{
	return mallinfo2().hblks;
}

static void assert_mapped(size_t count)
{
	if (is_counted())
		assert_int_equal(mapped_count(), count);
}

static void assert_given_back(void)
{
	if (is_counted())
		assert_true(mallinfo2().fordblks < 2 * BUFFER_SIZE);
}

static int open_meter(void **state)
{
	static struct memory_meter meter;

	memory_open(&meter);
	*state = &meter;
	return 0;
}

static int close_meter(void **state)
{
	memory_close(*state);
	return 0;
}

static void buffers_of_few_connections_are_used_again(void **state)
{
	struct memory_meter *meter = *state;
	size_t mapped = mapped_count(), heap;

	memory_begin(meter, 0);
	assert_true(meter->reuses);
	use_buffers();
	assert_mapped(mapped);
	heap = mallinfo2().arena;
	for (size_t i = 0; i < 10; i++) {
		free_buffers();
		use_buffers();
	}
	assert_int_equal(mallinfo2().arena, heap);
	assert_mapped(mapped);
	free_buffers();
}

static void buffers_of_many_connections_are_mapped(void **state)
{
	struct memory_meter *meter = *state;
	size_t mapped;

	memory_begin(meter, 0);
	use_buffers();
	free_buffers();
	memory_begin(meter, MANY);
	assert_false(meter->reuses);
	/* What the few had used is given back. */
	assert_given_back();
	mapped = mapped_count();
	use_buffers();
	assert_mapped(mapped + ARRAY_SIZE(buffers));
	free_buffers();
	assert_mapped(mapped);
	memory_turn(meter, MANY / 2, true, 1001);
	assert_false(meter->reuses);
	use_buffers();
	assert_mapped(mapped + ARRAY_SIZE(buffers));
	free_buffers();
	memory_turn(meter, 1, true, 1002);
	assert_true(meter->reuses);
	use_buffers();
	assert_mapped(mapped);
	free_buffers();
}

static void memory_is_given_back_once_when_nothing_is_to_do(void **state)
{
	struct memory_meter *meter = *state;

	assert_int_equal(memory_timeout(meter, 0), -1);
	memory_begin(meter, 0);
	use_buffers();
	free_buffers();
	memory_turn(meter, 0, true, 5100);
	assert_int_equal(memory_timeout(meter, 5100), 1000);
	memory_turn(meter, 0, false, 5600);
	assert_int_equal(memory_timeout(meter, 5600), 500);
	assert_int_equal(memory_timeout(meter, 6200), 0);
	memory_turn(meter, 0, false, 6200);
	assert_int_equal(memory_timeout(meter, 6200), -1);
	assert_given_back();
	/* A connection that goes on has its memory: nothing is to be given back. */
	memory_begin(meter, 0);
	memory_turn(meter, 1, true, 7000);
	memory_turn(meter, 1, false, 8000);
	memory_turn(meter, 1, true, 8001);
	assert_int_equal(memory_timeout(meter, 8001), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(buffers_of_few_connections_are_used_again,
						open_meter, close_meter),
		cmocka_unit_test_setup_teardown(buffers_of_many_connections_are_mapped, open_meter,
						close_meter),
		cmocka_unit_test_setup_teardown(memory_is_given_back_once_when_nothing_is_to_do,
						open_meter, close_meter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
