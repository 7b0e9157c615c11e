// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/remove.h"
#include "core/base/str.h"

static int make_top(void **state)
{
	char *path = str_dup("/tmp/test-remove-XXXXXX");

	*state = path;
	return mkdtemp(path) ? 0 : -1;
}

static int remove_top(void **state)
{
	int result = rmdir(*state);

	free(*state);
	return result;
}

static int run(const char *top, const char *script)
{
	autofree char *command = str_format("cd '%s' && { %s; }", top, script);

	return system(command);
}

static int open_top(void **state)
{
	int fd = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void test_all_kinds_of_entries_go(void **state)
{
	autoclose int top = open_top(state);

	assert_int_equal(run(*state,
			     "mkdir -p a/b/c d; echo x >a/b/c/file; echo y >file; mkfifo a/fifo; "
			     "ln -s /nonexistent a/dangling"),
			 0);
	assert_int_equal(remove_below(top, NULL), 0);
}

static void test_what_is_kept_stays(void **state)
{
	autoclose int top = open_top(state);

	assert_int_equal(run(*state, "mkdir a; echo x >a/keep; echo y >keep"), 0);
	assert_int_equal(remove_below(top, "keep"), 0);
	assert_int_equal(run(*state, "test -f keep && test ! -e a"), 0);
	assert_int_equal(remove_below(top, NULL), 0);
}

static void test_a_link_is_not_followed(void **state)
{
	autoclose int top = open_top(state);
	char outside[] = "/tmp/test-remove-XXXXXX";
	autofree char *file = NULL, *script = NULL;

	assert_non_null(mkdtemp(outside));
	file = str_format("%s/precious", outside);
	close(creat(file, 0600));
	script = str_format("mkdir a; ln -s %s link; ln -s %s a/link", outside, outside);
	assert_int_equal(run(*state, script), 0);
	assert_int_equal(remove_below(top, NULL), 0);
	assert_int_equal(unlink(file), 0);
	rmdir(outside);
}

/* There are more levels than a process has descriptors, and the path is longer than PATH_MAX. */
static void test_any_depth_goes(void **state)
{
	autoclose int top = open_top(state);
	int dir = dup(top);

	for (int i = 0; i < 1500; i++) {
		int next;

		assert_int_equal(mkdirat(dir, "deeper", 0700), 0);
		next = openat(dir, "deeper", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(dir);
		dir = next;
	}
	close(dir);
	assert_int_equal(remove_below(top, NULL), 0);
}

static void test_modes_that_keep_the_owner_out_are_changed(void **state)
{
	autoclose int top = open_top(state);

	assert_int_equal(
		run(*state, "mkdir -p a/b/c; echo x >a/b/file; chmod 0 a/b/c a/b; chmod 500 a"), 0);
	assert_int_equal(remove_below(top, NULL), 0);
}

/* Both say that the tree is gone, and it is. */
static void test_two_at_once_remove_the_same_tree(void **state)
{
	autoclose int top = open_top(state);

	for (int round = 0; round < 30; round++) {
		int status = -1, own;
		pid_t other;

		assert_int_equal(run(*state, "mkdir -p t/a/b t/c/d/e && cd t && touch 1 2 3 a/1 "
					     "a/2 a/b/1 a/b/2 c/1 c/d/1 c/d/e/1"),
				 0);
		other = fork();
		if (other == 0)
			_exit(remove_tree(top, "t") == 0 ? 0 : 1);
		own = remove_tree(top, "t");
		assert_int_equal(waitpid(other, &status, 0), other);
		assert_int_equal(own, 0);
		assert_int_equal(status, 0);
		assert_int_equal(faccessat(top, "t", F_OK, 0), -1);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_top, remove_top)
	const struct CMUnitTest tests[] = {
		TEST(test_all_kinds_of_entries_go),
		TEST(test_what_is_kept_stays),
		TEST(test_a_link_is_not_followed),
		TEST(test_any_depth_goes),
		TEST(test_modes_that_keep_the_owner_out_are_changed),
		TEST(test_two_at_once_remove_the_same_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
