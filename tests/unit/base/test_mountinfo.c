// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/base/mountinfo.h"
#include "core/base/str.h"

static void each_line_is_a_mount(void **state)
{
	char text[] = "22 1 0:20 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
		      "23 22 0:21 /sub\\040directory /mnt/a\\040b\\134c ro - overlay overlay rw\n";
	struct mountinfo mount;
	char *rest = text;

	(void)state;
	assert_true(mountinfo_next(&rest, &mount));
	assert_string_equal(mount.root, "/");
	assert_string_equal(mount.point, "/");
	assert_string_equal(mount.type, "ext4");
	assert_true(mountinfo_next(&rest, &mount));
	assert_string_equal(mount.device, "0:21");
	assert_string_equal(mount.root, "/sub directory");
	assert_string_equal(mount.point, "/mnt/a b\\c");
	assert_string_equal(mount.type, "overlay");
	assert_false(mountinfo_next(&rest, &mount));
}

static void what_is_no_mount_is_skipped(void **state)
{
	char text[] = "\nnonsense\n1 2 0:1 /only\n1 2 0:1 / /point\n";
	struct mountinfo mount;
	char *rest = text;

	(void)state;
	assert_true(mountinfo_next(&rest, &mount));
	assert_string_equal(mount.point, "/point");
	assert_string_equal(mount.type, "");
	assert_false(mountinfo_next(&rest, &mount));
}

static void expect_point(const char *written, const char *wanted)
{
	/*
	 * The text is on the heap, without room after it, so that a sanitizer sees a read beyond
	 * the end.
	 */
	autofree char *text = str_format("1 2 0:1 / %s", written);
	struct mountinfo mount;
	char *rest = text;

	assert_true(mountinfo_next(&rest, &mount));
	assert_string_equal(mount.point, wanted);
	assert_string_equal(mount.root, "/");
	assert_false(mountinfo_next(&rest, &mount));
}

static void only_three_octal_digits_are_an_escape(void **state)
{
	(void)state;
	expect_point("/a\\040", "/a ");
	expect_point("/a\\377", "/a\xff");
	/* The field ends in the middle of an escape. */
	expect_point("/a\\04", "/a\\04");
	expect_point("/a\\0", "/a\\0");
	expect_point("/a\\", "/a\\");
	/* sscanf(3) would take these for numbers. */
	expect_point("/a\\-11", "/a\\-11");
	expect_point("/a\\+11", "/a\\+11");
	expect_point("/a\\089", "/a\\089");
	expect_point("/a\\777", "/a\\777");
}

static void a_long_path_is_whole(void **state)
{
	autofree char *path = mem_alloc(20000);
	autofree char *text = NULL;
	struct mountinfo mount;
	char *rest;

	(void)state;
	memset(path, 'x', 19999);
	path[0] = '/';
	text = str_format("1 2 0:1 %s /point rw shared:1 - tmpfs a rw\n", path);
	rest = text;
	assert_true(mountinfo_next(&rest, &mount));
	assert_string_equal(mount.root, path);
	assert_string_equal(mount.point, "/point");
	assert_string_equal(mount.type, "tmpfs");
}

static void a_path_is_a_line_and_comes_back(void **state)
{
	static const char *const paths[] = { "/plain", "/a b",	    "/a\nb",
					     "/\\040", "/\xff\x01", "/\xc3\xa4" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		autostrbuf struct strbuf text = { 0 };

		mountinfo_escape(paths[i], &text);
		assert_null(strchr(text.bytes, '\n'));
		mountinfo_unescape(text.bytes);
		assert_string_equal(text.bytes, paths[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_line_is_a_mount),
		cmocka_unit_test(what_is_no_mount_is_skipped),
		cmocka_unit_test(only_three_octal_digits_are_an_escape),
		cmocka_unit_test(a_long_path_is_whole),
		cmocka_unit_test(a_path_is_a_line_and_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
