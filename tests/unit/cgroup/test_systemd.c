// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/str.h"
#include "core/cgroup/systemd.h"

static void expect_unit(const char *cgroup, size_t outward, const char *unit, const char *below,
			bool user)
{
	autofree char *found = NULL;
	const char *rest;
	bool is_user;

	assert_true(systemd_unit_of(cgroup, outward, &found, &rest, &is_user));
	assert_string_equal(found, unit);
	assert_string_equal(rest, below);
	assert_int_equal(is_user, user);
}

static void the_unit_of_a_cgroup_is_the_last_scope_or_service(void **context)
{
	(void)context;
	expect_unit("/user.slice/user-1000.slice/user@1000.service/app.slice/urun-c1.scope", 0,
		    "urun-c1.scope", "", true);
	expect_unit("/user.slice/user-1000.slice/user@1000.service/user.slice/urun-c1.scope/a/b", 0,
		    "urun-c1.scope", "/a/b", true);
	expect_unit("/user.slice/user-1000.slice/session-3.scope/urun-c1", 0, "session-3.scope",
		    "/urun-c1", false);
	expect_unit("/user.slice/user-1000.slice/user@1000.service/urun-c1", 0, "user@1000.service",
		    "/urun-c1", false);
	expect_unit("/system.slice/docker.service", 0, "docker.service", "", false);
}

static void the_units_around_it_are_found_outward(void **context)
{
	static const char cgroup[] =
		"/user.slice/user-1000.slice/user@1000.service/app.slice/job.service/urun-c1";
	autofree char *none = NULL;
	const char *below;
	bool user;

	(void)context;
	expect_unit(cgroup, 0, "job.service", "/urun-c1", true);
	expect_unit(cgroup, 1, "user@1000.service", "/app.slice/job.service/urun-c1", false);
	assert_false(systemd_unit_of(cgroup, 2, &none, &below, &user));
}

static void a_cgroup_without_a_unit_has_none(void **context)
{
	const char *below;
	char *unit;
	bool user;

	(void)context;
	assert_false(systemd_unit_of("/", 0, &unit, &below, &user));
	assert_false(systemd_unit_of("/user.slice/c1", 0, &unit, &below, &user));
	assert_false(systemd_unit_of("/.scope/c1", 0, &unit, &below, &user));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_unit_of_a_cgroup_is_the_last_scope_or_service),
		cmocka_unit_test(the_units_around_it_are_found_outward),
		cmocka_unit_test(a_cgroup_without_a_unit_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
