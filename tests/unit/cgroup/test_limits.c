// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/str.h"
#include "core/cgroup/limits.h"
#include "core/config/config.h"

/*
 * Returns the settings for linux.resources, as "file=value" with blanks between, or the error's
 * text.
 */
static const char *settings_of(const char *resources, enum cgroup_purpose purpose)
{
	static char line[2048];
	struct container_config config = { 0 };
	struct cgroup_settings settings = { 0 };
	struct error err = ERROR_NONE;
	struct config_linux linux = { 0 };

	config.linux = &linux;
	line[0] = '\0';
	if (config_merge_resources(&config, resources, strlen(resources), &err) < 0 ||
	    cgroup_settings_make(linux.resources, purpose, &settings, &err) < 0)
		snprintf(line, sizeof(line), "%s", err.text);
	for (size_t i = 0; i < settings.count; i++) {
		size_t used = strlen(line);

		snprintf(line + used, sizeof(line) - used, "%s%s=%s", used ? ", " : "",
			 settings.items[i].file, settings.items[i].value);
	}
	cgroup_settings_release(&settings);
	config_release(&config);
	return line;
}

static const char *created(const char *resources)
{
	return settings_of(resources, CGROUP_FOR_CREATE);
}

static const char *updated(const char *resources)
{
	return settings_of(resources, CGROUP_FOR_UPDATE);
}

static void test_memory(void **state)
{
	(void)state;
	assert_string_equal(created("{\"memory\":{\"limit\":100,\"reservation\":50}}"),
			    "memory.max=100, memory.low=50");
	assert_string_equal(created("{\"memory\":{\"limit\":100,\"swap\":150}}"),
			    "memory.swap.max=50, memory.max=100");
	assert_string_equal(created("{\"memory\":{\"limit\":100,\"swap\":100}}"),
			    "memory.swap.max=0, memory.max=100");
	assert_string_equal(created("{\"memory\":{\"limit\":-1,\"swap\":-1}}"), "");
	assert_string_equal(updated("{\"memory\":{\"limit\":-1,\"swap\":-1}}"),
			    "memory.swap.max=max, memory.max=max");
	assert_string_equal(created("{\"memory\":{\"limit\":0,\"swap\":0}}"), "");
	assert_string_equal(created("{\"memory\":{\"kernel\":5,\"swappiness\":10,"
				    "\"disableOOMKiller\":true}}"),
			    "");
}

static void test_swap_without_sense(void **state)
{
	(void)state;
	assert_non_null(strstr(created("{\"memory\":{\"swap\":150}}"), "memory.limit is needed"));
	assert_non_null(strstr(created("{\"memory\":{\"limit\":200,\"swap\":150}}"),
			       "less than memory.limit 200"));
}

static void test_cpu(void **state)
{
	(void)state;
	assert_string_equal(created("{\"cpu\":{\"quota\":50000}}"), "cpu.max=50000 100000");
	assert_string_equal(created("{\"cpu\":{\"quota\":50000,\"period\":20000,\"burst\":7}}"),
			    "cpu.max=50000 20000, cpu.max.burst=7");
	assert_string_equal(created("{\"cpu\":{\"period\":20000}}"), "");
	assert_string_equal(updated("{\"cpu\":{\"quota\":-1}}"), "cpu.max=max 100000");
	assert_string_equal(created("{\"cpu\":{\"cpus\":\"0-1\",\"mems\":\"0\"}}"),
			    "cpuset.cpus=0-1, cpuset.mems=0");
	assert_string_equal(created("{\"cpu\":{\"idle\":1,\"shares\":1024}}"), "cpu.idle=1");
	assert_non_null(strstr(created("{\"cpu\":{\"realtimeRuntime\":5}}"), "realtimeRuntime"));
}

static void test_weights(void **state)
{
	(void)state;
	assert_int_equal(cgroup_weight_of_shares(2), 1);
	assert_int_equal(cgroup_weight_of_shares(1024), 100);
	assert_int_equal(cgroup_weight_of_shares(262144), 10000);
	assert_true(cgroup_weight_of_shares(512) < 100);
	assert_true(cgroup_weight_of_shares(512) > 40);
	assert_string_equal(created("{\"cpu\":{\"shares\":512}}"), "cpu.weight=59");
	assert_string_equal(created("{\"cpu\":{\"shares\":1024}}"), "");
	assert_string_equal(updated("{\"cpu\":{\"shares\":1024}}"), "cpu.weight=100");
	assert_string_equal(created("{\"cpu\":{\"shares\":0}}"), "");
}

static void test_pids(void **state)
{
	(void)state;
	assert_string_equal(created("{\"pids\":{\"limit\":20}}"), "pids.max=20");
	assert_string_equal(created("{\"pids\":{\"limit\":0}}"), "");
	assert_string_equal(updated("{\"pids\":{\"limit\":0}}"), "pids.max=max");
	assert_string_equal(created("{\"pids\":{\"limit\":-1}}"), "");
	assert_string_equal(updated("{\"pids\":{\"limit\":-1}}"), "pids.max=max");
}

static void test_block_io(void **state)
{
	(void)state;
	assert_string_equal(created("{\"blockIO\":{\"weight\":500}}"), "io.bfq.weight=500");
	assert_string_equal(
		created("{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,"
			"\"rate\":100}],\"throttleWriteIOPSDevice\":[{\"major\":8,\"minor\":16,"
			"\"rate\":7}]}}"),
		"io.max=8:0 rbps=100, io.max=8:16 wiops=7");
	assert_non_null(strstr(created("{\"blockIO\":{\"leafWeight\":10}}"), "leafWeight"));
}

static void test_the_others(void **state)
{
	(void)state;
	assert_string_equal(
		created("{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":4194304}]}"),
		"hugetlb.2MB.max=4194304");
	assert_string_equal(created("{\"rdma\":{\"mlx5_1\":{\"hcaHandles\":3,\"hcaObjects\":9}}}"),
			    "rdma.max=mlx5_1 hca_handle=3 hca_object=9");
	assert_string_equal(created("{\"unified\":{\"memory.high\":\"100\",\"misc.max\":\"a 1\"}}"),
			    "memory.high=100, misc.max=a 1");
	assert_non_null(strstr(created("{\"unified\":{\"../x.y\":\"1\"}}"), "unified"));
	assert_non_null(strstr(created("{\"network\":{\"classID\":1}}"), "network"));
	assert_string_equal(created("{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}]}"), "");
}

static void test_controllers(void **state)
{
	autofree char *memory = cgroup_controller_of("memory.swap.max");

	(void)state;
	assert_string_equal(memory, "memory");
	assert_null(cgroup_controller_of("cgroup.freeze"));
}

static void test_merge(void **state)
{
	struct container_config config = { 0 };
	struct config_linux linux = { 0 };
	struct error err = ERROR_NONE;
	static const char first[] = "{\"memory\":{\"limit\":100,\"swap\":200},"
				    "\"unified\":{\"io.max\":\"1\",\"io.low\":\"2\"}}";
	static const char second[] = "{\"memory\":{\"limit\":150},\"pids\":{\"limit\":5},"
				     "\"unified\":{\"io.low\":\"3\"}}";

	(void)state;
	config.linux = &linux;
	assert_int_equal(config_merge_resources(&config, first, strlen(first), &err), 0);
	assert_int_equal(config_merge_resources(&config, second, strlen(second), &err), 0);
	assert_int_equal(linux.resources->memory->limit.value, 150);
	assert_int_equal(linux.resources->memory->swap.value, 200);
	assert_int_equal(linux.resources->pids->limit.value, 5);
	assert_int_equal(linux.resources->unified.count, 2);
	assert_string_equal(linux.resources->unified.items[1].value, "3");
	config_release(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory),	   cmocka_unit_test(test_swap_without_sense),
		cmocka_unit_test(test_cpu),	   cmocka_unit_test(test_weights),
		cmocka_unit_test(test_pids),	   cmocka_unit_test(test_block_io),
		cmocka_unit_test(test_the_others), cmocka_unit_test(test_controllers),
		cmocka_unit_test(test_merge),
	};

	return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
