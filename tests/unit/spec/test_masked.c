// SPDX-License-Identifier: Apache-2.0
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "core/base/str.h"
#include "core/spec/masked.h"

static char cpus[64];

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

static int make_cpus(void **state)
{
	(void)state;
	strcpy(cpus, "/tmp/urun-test-cpus-XXXXXX");
	return mkdtemp(cpus) ? 0 : -1;
}

static int remove_cpus(void **state)
{
	(void)state;
	return nftw(cpus, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void add_cpu_directory(const char *name)
{
	autofree char *path = str_format("%s/%s", cpus, name);

	assert_int_equal(mkdir(path, 0755), 0);
}

static bool has_path(const struct str_list *paths, const char *path)
{
	for (size_t i = 0; i < paths->count; i++)
		if (str_equal(paths->items[i], path))
			return true;
	return false;
}

static void what_tells_of_the_host_is_masked(void **state)
{
	static const char *const wanted[] = {
		"/proc/kcore",	   "/proc/keys",    "/proc/timer_list",
		"/sys/dev/block",  "/sys/firmware", "/sys/devices/virtual/powercap",
		"/sys/fs/selinux",
	};
	struct arena arena = { 0 };
	struct str_list paths;

	(void)state;
	masked_paths_default("/no/such/directory", &arena, &paths);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		assert_true(has_path(&paths, wanted[i]));
	arena_release(&arena);
}

static void each_processor_has_a_path_of_its_own(void **state)
{
	struct arena arena = { 0 };
	struct str_list before, paths;

	(void)state;
	masked_paths_default(cpus, &arena, &before);
	add_cpu_directory("cpu10");
	add_cpu_directory("cpu10/thermal_throttle");
	add_cpu_directory("cpu2");
	add_cpu_directory("cpu2/thermal_throttle");
	add_cpu_directory("cpu3"); /* without the counters */
	add_cpu_directory("cpufreq");
	add_cpu_directory("cpufreq/thermal_throttle");
	add_cpu_directory("cpu");
	add_cpu_directory("cpu/thermal_throttle");
	masked_paths_default(cpus, &arena, &paths);
	assert_int_equal(paths.count, before.count + 2);
	assert_string_equal(paths.items[before.count],
			    "/sys/devices/system/cpu/cpu2/thermal_throttle");
	assert_string_equal(paths.items[before.count + 1],
			    "/sys/devices/system/cpu/cpu10/thermal_throttle");
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_tells_of_the_host_is_masked),
		cmocka_unit_test_setup_teardown(each_processor_has_a_path_of_its_own, make_cpus,
						remove_cpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
