// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/str.h"
#include "core/cgroup/stats.h"

/* The kernel names its files so, as in hugetlb.2MB.current (mem_fmt() of mm/hugetlb_cgroup.c). */
static void sizes_of_huge_pages_are_named_as_the_controllers_files(void **state)
{
	static const struct {
		const char *directory, *name;
	} cases[] = {
		{ "hugepages-64kB", "64KB" },
		{ "hugepages-1024kB", "1MB" },
		{ "hugepages-2048kB", "2MB" },
		{ "hugepages-32768kB", "32MB" },
		{ "hugepages-1048576kB", "1GB" },
		{ "hugepages-16777216kB", "16GB" },
		{ ".", NULL },
		{ "hugepages-", NULL },
		{ "hugepages-kB", NULL },
		{ "hugepages-0kB", NULL },
		{ "hugepages-2048", NULL },
		{ "hugepages-2048kBx", NULL },
		{ "hugepages--1kB", NULL },
		{ "hugepages-99999999999999999999kB", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autofree char *name = cgroup_page_size_name(cases[i].directory);

		if (cases[i].name)
			assert_string_equal(name, cases[i].name);
		else
			assert_null(name);
	}
}

static void a_cgroup_that_counts_nothing_has_hugetlb_all_the_same(void **state)
{
	autostrbuf struct strbuf out = { 0 };

	(void)state;
	cgroup_print_stats("/there/is/no/such/cgroup", &out);
	assert_string_equal(out.bytes, "{\"hugetlb\":{}}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_of_huge_pages_are_named_as_the_controllers_files),
		cmocka_unit_test(a_cgroup_that_counts_nothing_has_hugetlb_all_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
