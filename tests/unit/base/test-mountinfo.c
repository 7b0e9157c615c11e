// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/base/mountinfo.h"

static void each_line_is_a_mount(void **state)
{
	char text[] = "22 1 0:20 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
		      "23 22 0:21 /sub\\040folder /mnt/a\\040b\\134c ro - overlay overlay rw\n";
	struct mountinfo mount;
	char *rest = text;

	(void)state;
	assert_true(mountinfo_next(&rest, &mount));
	assert_string_equal(mount.root, "/");
	assert_string_equal(mount.point, "/");
	assert_string_equal(mount.type, "ext4");
	assert_true(mountinfo_next(&rest, &mount));
	assert_string_equal(mount.root, "/sub folder");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_line_is_a_mount),
		cmocka_unit_test(what_is_no_mount_is_skipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
