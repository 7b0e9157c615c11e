// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/str.h"
#include "core/parent/doctor_without.h"
#include "rootless/host_check.h"

static void each_row_of_this_host_has_words_if_it_is_not_ok(void **state)
{
	struct doctor_report report;

	(void)state;
	doctor_examine("/tmp", &report);
	assert_true(report.count > 20);
	for (size_t i = 0; i < report.count; i++) {
		const char *name = report.rows[i].name;

		if (!doctor_without(name, DOCTOR_WARNING) || !doctor_without(name, DOCTOR_MISSING))
			fail_msg("no words for %s", name);
		assert_null(doctor_without(name, DOCTOR_OK));
		assert_true((report.rows[i].works != NULL) == (report.rows[i].state != DOCTOR_OK));
	}
	doctor_report_release(&report);
}

static void a_setting_says_what_it_prevents(void **state)
{
	(void)state;
	for (size_t i = 0; i < HOST_TROUBLE_COUNT; i++) {
		const char *works = doctor_without(host_checks[i].setting, DOCTOR_MISSING);

		assert_non_null(works);
		assert_int_equal(str_starts_with(works, "no container"),
				 (host_checks[i].occasions & HOST_AT_USERNS) != 0);
	}
	assert_null(doctor_without("no such row", DOCTOR_MISSING));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_of_this_host_has_words_if_it_is_not_ok),
		cmocka_unit_test(a_setting_says_what_it_prevents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
