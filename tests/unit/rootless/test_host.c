// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rootless/host.h"
#include "tests/unit/rootless/fake_host.h"

static struct host fake(void)
{
	return (struct host){ .root = fake_root };
}

static void test_find_program(void **state)
{
	char path[HOST_PATH_SIZE] = "untouched";
	struct host host = fake();

	(void)state;
	assert_false(host_find_program(&host, "newuidmap", path));
	assert_string_equal(path, "untouched");
	fake_program("/usr/sbin/newuidmap", "");
	assert_true(host_find_program(&host, "newuidmap", path));
	assert_string_equal(path, fake_path("/usr/sbin/newuidmap"));
	fake_program("/usr/bin/newuidmap", "");
	assert_true(host_find_program(&host, "newuidmap", path));
	assert_string_equal(path, fake_path("/usr/bin/newuidmap"));
}

static void test_read_line(void **state)
{
	struct host host = fake();
	char line[8] = "before";

	(void)state;
	assert_int_equal(host_read_line(&host, "/proc/x", line, sizeof(line)), -ENOENT);
	assert_string_equal(line, "before");
	fake_file("/proc/x", "first\nsecond\n");
	assert_int_equal(host_read_line(&host, "/proc/x", line, sizeof(line)), 0);
	assert_string_equal(line, "first");
	fake_file("/proc/x", "0123456789");
	assert_int_equal(host_read_line(&host, "/proc/x", line, sizeof(line)), 0);
	assert_string_equal(line, "0123456");
}

static void test_read_file(void **state)
{
	struct host host = fake();
	char *text = NULL;
	size_t size = 7;

	(void)state;
	assert_int_equal(host_read_file(&host, "/etc/x", &text, &size), -ENOENT);
	assert_null(text);
	assert_int_equal(size, 7);
	fake_file("/etc/x", "a\nb\n");
	assert_int_equal(host_read_file(&host, "/etc/x", &text, &size), 0);
	assert_string_equal(text, "a\nb\n");
	assert_int_equal(size, 4);
	free(text);
}

#define HOST_TEST(test) cmocka_unit_test_setup_teardown(test, fake_host_setup, fake_host_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(test_find_program),
		HOST_TEST(test_read_line),
		HOST_TEST(test_read_file),
	};

	return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
