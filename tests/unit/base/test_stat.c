// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/fd.h"
#include "core/base/stat.h"
#include "core/base/str.h"

static void a_file_is_the_same_by_each_of_its_names(void **state)
{
	char directory[] = "/tmp/urun-test-stat.XXXXXX";
	autofree char *file = NULL, *hard_link = NULL, *symbolic_link = NULL, *other = NULL;
	autoclose int fd = -1, second_fd = -1, other_fd = -1;

	(void)state;
	assert_non_null(mkdtemp(directory));
	file = str_format("%s/file", directory);
	hard_link = str_format("%s/hard", directory);
	symbolic_link = str_format("%s/symbolic", directory);
	other = str_format("%s/other", directory);
	fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	other_fd = open(other, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0 && other_fd >= 0);
	assert_int_equal(link(file, hard_link), 0);
	assert_int_equal(symlink("file", symbolic_link), 0);
	second_fd = open(hard_link, O_PATH | O_CLOEXEC);

	assert_true(stat_same_paths(file, hard_link));
	assert_true(stat_same_paths(symbolic_link, file));
	assert_true(stat_same_as_path(fd, symbolic_link));
	assert_true(stat_same_fds(fd, second_fd));

	assert_false(stat_same_paths(file, other));
	assert_false(stat_same_as_path(fd, other));
	assert_false(stat_same_fds(fd, other_fd));

	unlink(symbolic_link);
	unlink(hard_link);
	unlink(file);
	unlink(other);
	rmdir(directory);
}

static void inodes_of_two_devices_are_two_files(void **state)
{
	struct stat a = { .st_dev = 1, .st_ino = 7 }, b = { .st_dev = 2, .st_ino = 7 };

	(void)state;
	assert_false(stat_same(&a, &b));
	b.st_dev = 1;
	assert_true(stat_same(&a, &b));
}

static void what_cant_be_looked_at_is_not_the_same(void **state)
{
	(void)state;
	assert_false(stat_same_fds(-1, -1));
	assert_false(stat_same_as_path(-1, "/"));
	assert_false(stat_same_paths("/nonexistent/urun", "/nonexistent/urun"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_the_same_by_each_of_its_names),
		cmocka_unit_test(inodes_of_two_devices_are_two_files),
		cmocka_unit_test(what_cant_be_looked_at_is_not_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
