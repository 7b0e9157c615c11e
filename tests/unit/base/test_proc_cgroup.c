// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/base/proc_cgroup.h"
#include "core/base/str.h"

static void assert_path(const char *text, const char *wanted)
{
	autofree char *path = proc_cgroup_parse(text, strlen(text));

	if (!str_equal(path, wanted) && (path || wanted))
		fail_msg("%s: %s", text, path ? path : "none");
}

static void the_path_is_that_of_version_2(void **state)
{
	(void)state;
	assert_path("0::/user.slice/a b.scope\n", "/user.slice/a b.scope");
	assert_path("0::/", "");
	assert_path("12:pids:/x\n1:name=systemd:/y\n0::/z\n", "/z");
	assert_path("10::/x\n0::/y\n0::/z\n", "/y");
	assert_path("0::/../x\n", "/../x");
}

static void without_such_a_line_there_is_none(void **state)
{
	(void)state;
	assert_path("", NULL);
	assert_path("0::", NULL);
	assert_path("0::x\n", NULL);
	assert_path("1:name=systemd:/y\n", NULL);
	assert_path("1:a:/0::/x\n", NULL);
	assert_null(cgroup_of(-1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_path_is_that_of_version_2),
		cmocka_unit_test(without_such_a_line_there_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
