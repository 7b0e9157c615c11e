// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rootless/apparmor.h"
#include "tests/unit/rootless/fake_host.h"

static const char enabled[] = "/sys/module/apparmor/parameters/enabled";
static const char own_label[] = "/proc/self/attr/apparmor/current";
static const char shared_label[] = "/proc/self/attr/current";
static const char restriction[] = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns";

static char label[APPARMOR_LABEL_SIZE];

static enum apparmor_state examine(void)
{
	struct host host = { .root = fake_root };

	return apparmor_profile_state(&host, label);
}

static void where_apparmor_is_off_nothing_is_in_force(void **state)
{
	(void)state;
	assert_int_equal(examine(), APPARMOR_OFF);
	/* Such a file is SELinux's. */
	fake_file(shared_label, "unconfined_u:unconfined_r:unconfined_t:s0\n");
	assert_int_equal(examine(), APPARMOR_OFF);
	fake_file(enabled, "N\n");
	assert_int_equal(examine(), APPARMOR_OFF);
	assert_string_equal(label, "");
}

static void the_label_tells_which_profile_is_in_force(void **state)
{
	(void)state;
	fake_file(enabled, "Y\n");
	fake_file(restriction, "1\n");
	fake_file(own_label, "urun (unconfined)\n");
	assert_int_equal(examine(), APPARMOR_IN_FORCE);
	assert_string_equal(label, "urun (unconfined)");
	fake_file(own_label, "urun\n");
	assert_int_equal(examine(), APPARMOR_IN_FORCE);
	fake_file(own_label, "uruns (enforce)\n");
	assert_int_equal(examine(), APPARMOR_ANOTHER);
	fake_file(own_label, "docker-default (enforce)\n");
	assert_int_equal(examine(), APPARMOR_ANOTHER);
}

static void without_a_profile_the_sysctl_decides(void **state)
{
	(void)state;
	fake_file(enabled, "Y\n");
	fake_file(shared_label, "unconfined\n");
	assert_int_equal(examine(), APPARMOR_NONE);
	fake_file(restriction, "0\n");
	assert_int_equal(examine(), APPARMOR_NONE);
	fake_file(restriction, "1\n");
	assert_int_equal(examine(), APPARMOR_RESTRICTED);
}

#define HOST_TEST(test) cmocka_unit_test_setup_teardown(test, fake_host_setup, fake_host_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(where_apparmor_is_off_nothing_is_in_force),
		HOST_TEST(the_label_tells_which_profile_is_in_force),
		HOST_TEST(without_a_profile_the_sysctl_decides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
