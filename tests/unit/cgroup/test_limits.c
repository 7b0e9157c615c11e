// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/str.h"
#include "core/cgroup/above.h"
#include "core/cgroup/limits.h"
#include "core/config/config.h"
#include "core/config/shapes.h"

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
	assert_string_equal(updated("{\"cpu\":{\"quota\":0,\"period\":0,\"shares\":0}}"), "");
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
	assert_string_equal(created("{\"blockIO\":{\"weight\":9}}"),
			    "linux.resources.blockIO.weight: must be 10 to 1000");
	assert_string_equal(
		updated("{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":0}]}}"),
		"io.max=8:0 rbps=max");
}

static void test_the_others(void **state)
{
	(void)state;
	assert_string_equal(
		created("{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":4194304}]}"),
		"hugetlb.2MB.max=4194304, hugetlb.2MB.rsvd.max=4194304");
	assert_string_equal(created("{\"rdma\":{\"mlx5_1\":{\"hcaHandles\":3,\"hcaObjects\":9}}}"),
			    "rdma.max=mlx5_1 hca_handle=3 hca_object=9");
	assert_string_equal(created("{\"unified\":{\"memory.high\":\"100\",\"misc.max\":\"a 1\"}}"),
			    "memory.high=100, misc.max=a 1");
	assert_non_null(strstr(created("{\"unified\":{\"../x.y\":\"1\"}}"), "unified"));
	assert_non_null(strstr(created("{\"network\":{\"classID\":1}}"), "network"));
	assert_string_equal(created("{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}]}"), "");
}

/* ---- every field of linux.resources: a setting, or a refusal that names the field ---- */

#define DEVICE_8_0 "\"major\":8,\"minor\":0"

static const struct {
	const char *field;
	const char *asking;  /* what this makes stands in @made */
	const char *made;    /* NULL: the field is refused by its name */
	const char *nothing; /* the field with a value that asks nothing; NULL: there is none */
} every_field[] = {
	/* core/cgroup/device_rules.h has these. */
	{ "devices.allow", "[{\"allow\":true}]", "", "[{\"allow\":false}]" },
	{ "devices.type", "[{\"allow\":true,\"type\":\"c\"}]", "", NULL },
	{ "devices.major", "[{\"allow\":true,\"major\":1}]", "", NULL },
	{ "devices.minor", "[{\"allow\":true,\"minor\":1}]", "", NULL },
	{ "devices.access", "[{\"allow\":true,\"access\":\"r\"}]", "", NULL },
	{ "memory.limit", "{\"limit\":9}", "memory.max=9", "{\"limit\":-1}" },
	{ "memory.reservation", "{\"reservation\":9}", "memory.low=9", "{\"reservation\":0}" },
	{ "memory.swap", "{\"limit\":2,\"swap\":9}", "memory.swap.max=7, memory.max=2",
	  "{\"swap\":-1}" },
	{ "memory.kernel", "{\"kernel\":9}", NULL, "{\"kernel\":-1}" },
	{ "memory.kernelTCP", "{\"kernelTCP\":9}", NULL, "{\"kernelTCP\":0}" },
	{ "memory.swappiness", "{\"swappiness\":0}", NULL, NULL },
	{ "memory.disableOOMKiller", "{\"disableOOMKiller\":true}", NULL,
	  "{\"disableOOMKiller\":false}" },
	/* Version 2 has one hierarchy. */
	{ "memory.useHierarchy", "{\"useHierarchy\":true}", "", "{\"useHierarchy\":false}" },
	/* For updates; it writes no file of its own. */
	{ "memory.checkBeforeUpdate", "{\"checkBeforeUpdate\":true}", "",
	  "{\"checkBeforeUpdate\":false}" },
	{ "cpu.shares", "{\"shares\":512}", "cpu.weight=59", "{\"shares\":0}" },
	{ "cpu.quota", "{\"quota\":50}", "cpu.max=50 100000", "{\"quota\":-1}" },
	{ "cpu.burst", "{\"burst\":7}", "cpu.max.burst=7", "{\"burst\":0}" },
	/* Without a quota it limits nothing. */
	{ "cpu.period", "{\"quota\":50,\"period\":2000}", "cpu.max=50 2000", "{\"period\":2000}" },
	{ "cpu.realtimeRuntime", "{\"realtimeRuntime\":5}", NULL, "{\"realtimeRuntime\":0}" },
	{ "cpu.realtimePeriod", "{\"realtimePeriod\":5}", NULL, "{\"realtimePeriod\":0}" },
	{ "cpu.cpus", "{\"cpus\":\"1\"}", "cpuset.cpus=1", "{\"cpus\":\"\"}" },
	{ "cpu.mems", "{\"mems\":\"0\"}", "cpuset.mems=0", "{\"mems\":\"\"}" },
	{ "cpu.idle", "{\"idle\":1}", "cpu.idle=1", "{\"idle\":0}" },
	{ "pids.limit", "{\"limit\":5}", "pids.max=5", "{\"limit\":-1}" },
	{ "blockIO.weight", "{\"weight\":10}", "io.bfq.weight=10", "{\"weight\":0}" },
	{ "blockIO.leafWeight", "{\"leafWeight\":10}", NULL, "{\"leafWeight\":0}" },
	{ "blockIO.weightDevice.major", "{\"weightDevice\":[{" DEVICE_8_0 ",\"weight\":10}]}",
	  "io.bfq.weight=8:0 10", "{\"weightDevice\":[{" DEVICE_8_0 "}]}" },
	{ "blockIO.weightDevice.minor", "{\"weightDevice\":[{" DEVICE_8_0 ",\"weight\":10}]}",
	  "io.bfq.weight=8:0 10", NULL },
	{ "blockIO.weightDevice.weight", "{\"weightDevice\":[{" DEVICE_8_0 ",\"weight\":10}]}",
	  "io.bfq.weight=8:0 10", "{\"weightDevice\":[{" DEVICE_8_0 ",\"weight\":0}]}" },
	{ "blockIO.weightDevice.leafWeight",
	  "{\"weightDevice\":[{" DEVICE_8_0 ",\"leafWeight\":10}]}", NULL,
	  "{\"weightDevice\":[{" DEVICE_8_0 ",\"leafWeight\":0}]}" },
#define THROTTLE_FIELDS(name, key)                                                             \
	{ "blockIO." name ".major", "{\"" name "\":[{" DEVICE_8_0 ",\"rate\":5}]}",            \
	  "io.max=8:0 " key "=5", NULL },                                                      \
		{ "blockIO." name ".minor", "{\"" name "\":[{" DEVICE_8_0 ",\"rate\":5}]}",    \
		  "io.max=8:0 " key "=5", NULL },                                              \
	{                                                                                      \
		"blockIO." name ".rate", "{\"" name "\":[{" DEVICE_8_0 ",\"rate\":5}]}",       \
			"io.max=8:0 " key "=5", "{\"" name "\":[{" DEVICE_8_0 ",\"rate\":0}]}" \
	}
	THROTTLE_FIELDS("throttleReadBpsDevice", "rbps"),
	THROTTLE_FIELDS("throttleWriteBpsDevice", "wbps"),
	THROTTLE_FIELDS("throttleReadIOPSDevice", "riops"),
	THROTTLE_FIELDS("throttleWriteIOPSDevice", "wiops"),
	{ "hugepageLimits.pageSize", "[{\"pageSize\":\"2MB\",\"limit\":0}]",
	  "hugetlb.2MB.max=0, hugetlb.2MB.rsvd.max=0", "[]" },
	{ "hugepageLimits.limit", "[{\"pageSize\":\"1GB\",\"limit\":9}]",
	  "hugetlb.1GB.max=9, hugetlb.1GB.rsvd.max=9", "[]" },
	{ "network.classID", "{\"classID\":1}", NULL, "{\"classID\":0}" },
	{ "network.priorities.name", "{\"priorities\":[{\"name\":\"eth0\",\"priority\":1}]}", NULL,
	  "{\"priorities\":[]}" },
	{ "network.priorities.priority", "{\"priorities\":[{\"name\":\"eth0\",\"priority\":1}]}",
	  NULL, "{\"priorities\":[{\"name\":\"eth0\",\"priority\":0}]}" },
	{ "rdma.hcaHandles", "{\"mlx\":{\"hcaHandles\":3}}", "rdma.max=mlx hca_handle=3",
	  "{\"mlx\":{}}" },
	{ "rdma.hcaObjects", "{\"mlx\":{\"hcaObjects\":3}}", "rdma.max=mlx hca_object=3", "{}" },
	{ "unified", "{\"memory.high\":\"9\"}", "memory.high=9", "{}" },
};

/* @value: of the member of linux.resources in which the field is. */
static const char *created_with(const char *field, const char *value)
{
	autofree char *text = str_format("{\"%.*s\":%s}", (int)strcspn(field, "."), field, value);

	return created(text);
}

static void every_field_is_enforced_or_refused_by_its_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(every_field); i++) {
		const char *field = every_field[i].field;
		const char *made = created_with(field, every_field[i].asking);
		autofree char *group = str_dup_n(
			field, strrchr(field, '.') ? (size_t)(strrchr(field, '.') - field) : 0);
		autofree char *refusal =
			str_format("linux.resources.%s: cgroup version 2 has no such limit",
				   strstr(field, "priorities") ? group : field);

		assert_string_equal(made, every_field[i].made ? every_field[i].made : refusal);
		if (every_field[i].nothing)
			assert_string_equal(created_with(field, every_field[i].nothing), "");
	}
}

static bool is_known_field(const char *field)
{
	for (size_t i = 0; i < ARRAY_SIZE(every_field); i++)
		if (str_equal(every_field[i].field, field))
			return true;
	return false;
}

static void check_known(const char *prefix, const struct json_shape *shape)
{
	for (size_t i = 0; i < shape->count; i++) {
		autofree char *field = str_format("%s%s", prefix, shape->fields[i].name);
		autofree char *below = str_format("%s.", field);

		if (shape->fields[i].shape)
			check_known(below, shape->fields[i].shape);
		else if (!is_known_field(field))
			fail_msg("%s stands in no row of every_field", field);
	}
}

/* A field that the reader learns needs a row above. */
static void no_field_is_left_out(void **state)
{
	(void)state;
	check_known("", &config_resources_shape);
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

/* What `docker update --restart no` sends; then `docker update --cpus 0.7`. */
static void test_merge_leaves_what_an_engine_writes_as_0(void **state)
{
	struct container_config config = { 0 };
	struct config_linux linux = { 0 };
	struct error err = ERROR_NONE;
	autosettings struct cgroup_settings settings = { 0 };
	static const char first[] =
		"{\"memory\":{\"limit\":67108864,\"reservation\":33554432,\"swap\":134217728},"
		"\"cpu\":{\"shares\":512,\"quota\":50000,\"period\":100000},"
		"\"blockIO\":{\"weight\":300}}";
	static const char zeros[] =
		"{\"memory\":{\"limit\":0,\"reservation\":0,\"swap\":0,\"kernel\":0,\"kernelTCP\":0},"
		"\"cpu\":{\"shares\":0,\"quota\":0,\"period\":0},\"blockIO\":{\"weight\":0}}";
	static const char second[] = "{\"memory\":{\"limit\":0,\"reservation\":0,\"kernel\":0},"
				     "\"cpu\":{\"shares\":0,\"quota\":70000,\"period\":100000},"
				     "\"blockIO\":{\"weight\":0}}";

	(void)state;
	config.linux = &linux;
	assert_int_equal(config_merge_resources(&config, first, strlen(first), &err), 0);
	assert_int_equal(config_merge_resources(&config, zeros, strlen(zeros), &err), 0);
	assert_int_equal(linux.resources->cpu->quota.value, 50000);
	assert_int_equal(config_merge_resources(&config, second, strlen(second), &err), 0);
	assert_int_equal(linux.resources->memory->limit.value, 67108864);
	assert_int_equal(linux.resources->memory->reservation.value, 33554432);
	assert_int_equal(linux.resources->memory->swap.value, 134217728);
	assert_int_equal(linux.resources->cpu->shares.value, 512);
	assert_int_equal(linux.resources->cpu->quota.value, 70000);
	assert_int_equal(linux.resources->cpu->period.value, 100000);
	assert_int_equal(linux.resources->block_io->weight.value, 300);
	if (cgroup_settings_make(linux.resources, CGROUP_FOR_UPDATE, &settings, &err) < 0)
		fail_msg("%s", err.text);
	config_release(&config);
}

static void the_limit_of_a_file_is_a_number_that_can_be_compared(void **unused)
{
	(void)unused;
	assert_int_equal(cgroup_limit_of("1048576\n"), 1048576);
	assert_true(cgroup_limit_of("max\n") == UINT64_MAX);
	assert_true(cgroup_limit_of("max 100000\n") == UINT64_MAX);
	assert_true(cgroup_limit_of(NULL) == UINT64_MAX);
	assert_true(cgroup_limit_of("") == UINT64_MAX);
	assert_true(cgroup_limit_of("5 0\n") == UINT64_MAX);
	/* A processor and a half, whatever the period is. */
	assert_int_equal(cgroup_limit_of("150000 100000\n"), 1500000);
	assert_int_equal(cgroup_limit_of("15000 10000\n"), 1500000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_limit_of_a_file_is_a_number_that_can_be_compared),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_swap_without_sense),
		cmocka_unit_test(test_cpu),
		cmocka_unit_test(test_weights),
		cmocka_unit_test(test_pids),
		cmocka_unit_test(test_block_io),
		cmocka_unit_test(test_the_others),
		cmocka_unit_test(test_controllers),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_merge_leaves_what_an_engine_writes_as_0),
		cmocka_unit_test(every_field_is_enforced_or_refused_by_its_name),
		cmocka_unit_test(no_field_is_left_out),
	};

	return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
