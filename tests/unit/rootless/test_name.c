// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/str.h"
#include "rootless/name.h"
#include "tests/unit/rootless/fake_host.h"

static void test_user(void **state)
{
	autofree char *name = NULL, *other = NULL;

	(void)state;
	fake_file("/etc/passwd",
		  "root:x:0:0::/root:/bin/sh\nbroken\nann:x:1000:1000:Ann,,,:/home/ann:/bin/sh\n");
	name = name_of_user(fake_root, 1000);
	other = name_of_user(fake_root, 100);
	assert_string_equal(name, "ann");
	assert_null(other);
}

static void test_home(void **state)
{
	autofree char *home = NULL, *other = NULL, *short_line = NULL;

	(void)state;
	fake_file("/etc/passwd", "ann:x:1000:1000:Ann,,,:/export/ann:/bin/sh\nbob:x:1001:1001\n");
	home = home_of_user(fake_root, 1000);
	other = home_of_user(fake_root, 100);
	short_line = home_of_user(fake_root, 1001);
	assert_string_equal(home, "/export/ann");
	assert_null(other);
	assert_null(short_line);
}

static void test_group(void **state)
{
	autofree char *name = NULL, *other = NULL;

	(void)state;
	fake_file("/etc/group", "root:x:0:\nkvm:x:104:ann,bob\nlast:x:105:");
	name = name_of_group(fake_root, 105);
	other = name_of_group(fake_root, 10);
	assert_string_equal(name, "last");
	assert_null(other);
}

static void test_of_this_host(void **state)
{
	autofree char *root = NULL, *nobody = NULL;

	(void)state;
	root = name_of_user("", 0);
	nobody = name_of_user("", 4294967293);
	assert_string_equal(root, "root");
	assert_null(nobody);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_user, fake_host_setup, fake_host_teardown),
		cmocka_unit_test_setup_teardown(test_home, fake_host_setup, fake_host_teardown),
		cmocka_unit_test_setup_teardown(test_group, fake_host_setup, fake_host_teardown),
		cmocka_unit_test(test_of_this_host),
	};

	return cmocka_run_group_tests_name("name", tests, NULL, NULL);
}
