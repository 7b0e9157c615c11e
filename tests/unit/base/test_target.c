// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/base/str.h"
#include "core/base/target.h"

static char root_path[] = "/tmp/urun-test-target-XXXXXX";

struct fixture {
	int root;
};

static void make(const char *name, mode_t mode)
{
	autofree char *path = str_format("%s/%s", root_path, name);

	assert_int_equal(mkdir(path, mode), 0);
}

static int begin(void **state)
{
	static struct fixture fixture;
	autofree char *file = NULL, *link = NULL;

	if (!mkdtemp(root_path))
		return -1;
	make("dir", 0755);
	make("locked", 0555);
	file = str_format("%s/file", root_path);
	close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
	link = str_format("%s/link", root_path);
	fixture.root = open(root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	*state = &fixture;
	return fixture.root < 0 || symlink("/file", link) < 0 ? -1 : 0;
}

static int end(void **state)
{
	autofree char *command = str_format("rm -rf '%s'", root_path);

	close(((struct fixture *)*state)->root);
	return system(command);
}

static void test_the_part_that_is_the_cause_is_named(void **state)
{
	static const struct {
		const char *path;
		int errnum;
		const char *text, *hint;
	} cases[] = {
		{ "/proc", EACCES, "what: the root file system has no /proc, and it can't be made",
		  "--overlay" },
		{ "/dir/a/b/c", EROFS,
		  "what: the root file system has no /dir/a, and it can't be made", "--overlay" },
		{ "//dir/./a", EPERM,
		  "what: the root file system has no /dir/a, and it can't be made", "--overlay" },
		{ "/dir/a", ENOSPC,
		  "what: the root file system has no /dir/a, and it can't be made", "" },
		{ "/file", ENOTDIR, "what: in the root file system /file is no directory", "" },
		{ "/file/a/b", ENOTDIR, "what: in the root file system /file is no directory", "" },
		{ "/link/a", ENOTDIR, "what: in the root file system /link is no directory", "" },
		{ "/dir", EISDIR, "what: in the root file system /dir is a directory", "" },
		{ "/dir", EIO, "what: open /dir in the root file system", "" },
	};
	const struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = ERROR_NONE;

		assert_int_equal(
			target_error(fixture->root, cases[i].path, cases[i].errnum, "what", &err),
			-1);
		assert_string_equal(err.text, cases[i].text);
		if (*cases[i].hint)
			assert_non_null(strstr(err.hint, cases[i].hint));
		else
			assert_string_equal(err.hint, "");
	}
}

/* The text of the error is made of the errno of path_mkdirs_in_root(). */
static void test_a_directory_that_cant_be_written_to(void **state)
{
	const struct fixture *fixture = *state;
	struct error err = ERROR_NONE;
	int failed;

	if (geteuid() == 0)
		return; /* root is refused nothing */
	failed = path_mkdirs_in_root(fixture->root, "/locked/a", 0755);
	assert_int_equal(failed, -EACCES);
	target_error(fixture->root, "/locked/a", -failed, "what", &err);
	assert_int_equal(err.code, EACCES);
	assert_non_null(strstr(err.text, "has no /locked/a"));
}

static void test_a_directory_that_cant_be_searched(void **state)
{
	const struct fixture *fixture = *state;
	autofree char *path = str_format("%s/dark", root_path);
	struct error err = ERROR_NONE;
	int failed;

	if (geteuid() == 0)
		return; /* root is refused nothing */
	make("dark", 0);
	failed = path_mkdirs_in_root(fixture->root, "/dark/a/b", 0755);
	assert_int_equal(failed, -EACCES);
	target_error(fixture->root, "/dark/a/b", -failed, "what", &err);
	assert_string_equal(err.text, "what: in the root file system /dark/a can't be looked up");
	assert_int_equal(rmdir(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_part_that_is_the_cause_is_named),
		cmocka_unit_test(test_a_directory_that_cant_be_written_to),
		cmocka_unit_test(test_a_directory_that_cant_be_searched),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
