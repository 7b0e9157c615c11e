// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/str.h"
#include "core/pull/progress.h"

static const struct progress_bar half = {
	.digest = { "8d5e957f297893487bd98fa830fa6413a0c15a4c0cc4b5b8d0d9e0a1b2c3d4e5" },
	.step = PROGRESS_DOWNLOAD,
	.done = 20000000,
	.total = 40000000,
};

static void assert_bar(struct progress_bar bar, size_t columns, const char *expected)
{
	autostrbuf struct strbuf line = { 0 };

	progress_format(&bar, columns, &line);
	assert_string_equal(line.bytes, expected);
}

static void a_bar_shows_how_much_of_the_blob_is_done(void **state)
{
	struct progress_bar bar = half;

	(void)state;
	assert_bar(bar, 79,
		   "8d5e957f2978 [===============>              ] 20.0MB/40.0MB downloading");
	bar.done = bar.total;
	bar.step = PROGRESS_UNPACK;
	assert_bar(bar, 79,
		   "8d5e957f2978 [==============================] 40.0MB/40.0MB unpacking");
	bar.done = 0;
	bar.total = 0;
	assert_bar(bar, 79, "8d5e957f2978 [>                             ] 0B/0B unpacking");
}

static void a_layer_that_is_over_has_no_bar(void **state)
{
	struct progress_bar bar = half;

	(void)state;
	bar.step = PROGRESS_DONE;
	assert_bar(bar, 79, "8d5e957f2978 40.0MB done");
	bar.step = PROGRESS_THERE;
	bar.total = 999;
	assert_bar(bar, 79, "8d5e957f2978 999B already there");
}

static void no_line_is_wider_than_the_terminal(void **state)
{
	(void)state;
	for (size_t columns = 1; columns < 100; columns++) {
		autostrbuf struct strbuf line = { 0 };

		progress_format(&half, columns, &line);
		assert_true(line.size <= columns);
	}
	assert_bar(half, 20, "8d5e957f2978 20.0MB/");
}

static void a_layer_goes_forward_alone(void **state)
{
	struct progress progress = { 0 };

	(void)state;
	progress_add(&progress, &half.digest, 100, false);
	progress_add(&progress, &half.digest, 100, true);
	progress_set(&progress, 0, PROGRESS_UNPACK, 500);
	assert_int_equal(progress.bars[0].done, 100);
	progress_set(&progress, 0, PROGRESS_DOWNLOAD, 10);
	assert_int_equal(progress.bars[0].step, PROGRESS_UNPACK);
	progress_set(&progress, 1, PROGRESS_UNPACK, 10);
	assert_int_equal(progress.bars[1].step, PROGRESS_THERE);
	/* urun-image, which sends the numbers, isn't trusted. */
	progress_set(&progress, 2, PROGRESS_DONE, 0);
	progress_release(&progress);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bar_shows_how_much_of_the_blob_is_done),
		cmocka_unit_test(a_layer_that_is_over_has_no_bar),
		cmocka_unit_test(no_line_is_wider_than_the_terminal),
		cmocka_unit_test(a_layer_goes_forward_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
