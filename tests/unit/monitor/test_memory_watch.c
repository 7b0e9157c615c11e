// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/monitor/memory_watch.h"

static bool tells_kill(const char *text)
{
	return memory_events_kills(text, strlen(text)) > 0;
}

static void test_a_kill_for_lack_of_memory_is_found(void **state)
{
	(void)state;
	assert_true(tells_kill("low 0\nhigh 0\nmax 4\noom 1\noom_kill 1\noom_group_kill 0\n"));
	assert_true(tells_kill("oom_kill 12"));
	assert_false(tells_kill("low 0\nhigh 0\nmax 4\noom 1\noom_kill 0\noom_group_kill 1\n"));
	assert_false(tells_kill("xoom_kill 1\n"));
	assert_false(tells_kill("oom_kill "));
	assert_false(tells_kill(""));
	assert_int_equal(memory_events_kills("oom 1\noom_kill 12\n", 18), 12);
	assert_int_equal(memory_events_kills("oom 1\n", 6), -1);
}

/* Files stand for memory.events; an empty file can't be read, as when the cgroup is removed. */
static void write_kills(int fd, int kills)
{
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	if (kills >= 0)
		assert_true(dprintf(fd, "max 1\noom_kill %d\n", kills) > 0);
}

static struct memory_watch watch_two(int own_kills, int above_kills)
{
	struct memory_watch watch = MEMORY_WATCH_NONE;

	watch.own = memfd_create("own", MFD_CLOEXEC);
	watch.above = memfd_create("above", MFD_CLOEXEC);
	write_kills(watch.own, own_kills);
	write_kills(watch.above, above_kills);
	return watch;
}

static void test_a_cgroup_s_own_count_is_what_counts(void **state)
{
	struct memory_watch watch = watch_two(0, 3);
	int own = watch.own;

	(void)state;
	memory_watch_look(&watch);
	assert_false(watch.killed);
	assert_int_equal(watch.own, own);
	write_kills(watch.above, 4);
	memory_watch_look(&watch);
	assert_false(watch.killed);
	write_kills(own, 1);
	memory_watch_look(&watch);
	assert_true(watch.killed);
	assert_int_equal(watch.own, -1);
	/* The answer stays when the cgroup is removed. */
	write_kills(own, -1);
	memory_watch_look(&watch);
	assert_true(watch.killed);
	close(own);
	close(watch.above);
}

static void test_a_kill_just_before_the_cgroup_was_removed_is_found_above(void **state)
{
	struct memory_watch watch = watch_two(0, 3);
	int own = watch.own;

	(void)state;
	memory_watch_look(&watch);
	write_kills(own, -1);
	write_kills(watch.above, 4);
	memory_watch_look(&watch);
	assert_true(watch.killed);
	assert_int_equal(watch.own, -1);
	close(own);
	close(watch.above);
}

static void test_a_cgroup_removed_without_a_kill_is_not_polled_again(void **state)
{
	struct memory_watch watch = watch_two(0, 3);
	int own = watch.own;

	(void)state;
	memory_watch_look(&watch);
	write_kills(own, -1);
	memory_watch_look(&watch);
	assert_false(watch.killed);
	assert_int_equal(watch.own, -1);
	close(own);
	close(watch.above);
}

/* What another cgroup has lacked long after the last event here. */
static void test_a_kill_above_that_comes_later_is_another_s(void **state)
{
	struct memory_watch watch = watch_two(0, 3);
	int own = watch.own;

	(void)state;
	memory_watch_look(&watch);
	watch.read_at -= 60;
	write_kills(own, -1);
	write_kills(watch.above, 4);
	memory_watch_look(&watch);
	assert_false(watch.killed);
	close(own);
	close(watch.above);
}

/* The cgroup may be removed before the first look. */
static void test_a_kill_since_the_program_ran_is_found_above(void **state)
{
	struct memory_watch watch = watch_two(-1, 3);
	int own = watch.own;

	(void)state;
	memory_watch_begin(&watch);
	write_kills(watch.above, 4);
	memory_watch_look(&watch);
	assert_true(watch.killed);
	close(own);
	close(watch.above);
}

static void test_a_count_that_was_never_read_says_nothing(void **state)
{
	struct memory_watch watch = watch_two(-1, 3), none = MEMORY_WATCH_NONE;
	int own = watch.own;

	(void)state;
	memory_watch_look(&watch);
	assert_false(watch.killed);
	assert_int_equal(watch.own, -1);
	memory_watch_look(&none);
	assert_false(none.killed);
	close(own);
	close(watch.above);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_kill_for_lack_of_memory_is_found),
		cmocka_unit_test(test_a_cgroup_s_own_count_is_what_counts),
		cmocka_unit_test(test_a_kill_just_before_the_cgroup_was_removed_is_found_above),
		cmocka_unit_test(test_a_cgroup_removed_without_a_kill_is_not_polled_again),
		cmocka_unit_test(test_a_kill_above_that_comes_later_is_another_s),
		cmocka_unit_test(test_a_kill_since_the_program_ran_is_found_above),
		cmocka_unit_test(test_a_count_that_was_never_read_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
