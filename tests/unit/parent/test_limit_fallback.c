// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/str.h"
#include "core/config/change.h"
#include "core/parent/limit_fallback.h"

static struct container_config config;

static void read_config(const char *process, const char *resources)
{
	autofree char *text = str_format("{\"ociVersion\": \"1.0.0\", \"root\": {\"path\": \"r\"},"
					 "\"process\": {\"cwd\": \"/\", \"args\": [\"x\"]%s},"
					 "\"linux\": {\"namespaces\": [{\"type\": \"mount\"}], "
					 "\"resources\": {%s}}}",
					 process, resources);
	struct error err = ERROR_NONE;

	config_release(&config);
	if (config_parse(text, strlen(text), &config, &err) < 0)
		fail_msg("%s", err.text);
}

static int release(void **state)
{
	(void)state;
	config_release(&config);
	config = (struct container_config){ 0 };
	return 0;
}

static const struct config_rlimit *rlimit_of(int type)
{
	const struct config_process *process = config.process;

	for (size_t i = 0; i < process->rlimits.count; i++)
		if (process->rlimits.items[i].type == type)
			return &process->rlimits.items[i];
	return NULL;
}

static void limits_become_rlimits_and_a_number_of_processors(void **state)
{
	unsigned int cpus = 99;

	(void)state;
	read_config("", "\"memory\": {\"limit\": 67108864, \"swap\": 67108864},"
			"\"cpu\": {\"quota\": 150000, \"period\": 100000, \"shares\": 512},"
			"\"pids\": {\"limit\": 20}");
	assert_true(limit_fallback_has_work(&config));
	limit_fallback_apply(&config, &cpus);
	assert_int_equal(cpus, 2);
	assert_int_equal(rlimit_of(RLIMIT_DATA)->soft.value, 64 << 20);
	assert_int_equal(rlimit_of(RLIMIT_DATA)->hard.value, 64 << 20);
	assert_int_equal(rlimit_of(RLIMIT_NPROC)->hard.value, 20);
	assert_null(rlimit_of(RLIMIT_AS));
	/* These are done; what has no fallback stays, and needs a cgroup. */
	assert_false(limit_fallback_has_work(&config));
	assert_false(config.linux->resources->memory->limit.set);
	assert_false(config.linux->resources->memory->swap.set);
	assert_false(config.linux->resources->cpu->quota.set);
	assert_false(config.linux->resources->pids->limit.set);
	assert_true(config.linux->resources->cpu->shares.set);
}

static void processors_are_rounded_up(void **state)
{
	static const struct {
		const char *cpu;
		unsigned int count;
	} cases[] = {
		{ "\"quota\": 1000", 1 },   { "\"quota\": 100000", 1 },
		{ "\"quota\": 100001", 2 }, { "\"quota\": 50000, \"period\": 10000", 5 },
		{ "\"quota\": -1", 0 },	    { "\"shares\": 2", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		autofree char *text = str_format("\"cpu\": {%s}", cases[i].cpu);
		unsigned int cpus = 99;

		read_config("", text);
		limit_fallback_apply(&config, &cpus);
		assert_int_equal(cpus, cases[i].count);
	}
}

static void a_lower_rlimit_of_the_config_stays(void **state)
{
	unsigned int cpus;

	(void)state;
	read_config(", \"rlimits\": [{\"type\": \"RLIMIT_NPROC\", \"soft\": 5, \"hard\": 50},"
		    "{\"type\": \"RLIMIT_DATA\", \"soft\": 1, \"hard\": 2}]",
		    "\"memory\": {\"limit\": 1048576}, \"pids\": {\"limit\": 20}");
	limit_fallback_apply(&config, &cpus);
	assert_int_equal(config.process->rlimits.count, 2);
	assert_int_equal(rlimit_of(RLIMIT_NPROC)->soft.value, 5);
	assert_int_equal(rlimit_of(RLIMIT_NPROC)->hard.value, 20);
	assert_int_equal(rlimit_of(RLIMIT_DATA)->soft.value, 1);
	assert_int_equal(rlimit_of(RLIMIT_DATA)->hard.value, 2);
}

static void no_limit_is_no_work(void **state)
{
	(void)state;
	read_config("", "\"memory\": {\"limit\": -1}, \"pids\": {\"limit\": -1},"
			"\"cpu\": {\"quota\": -1}");
	assert_false(limit_fallback_has_work(&config));
}

static void the_annotation_has_one_word(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	read_config("", "");
	assert_int_equal(limit_fallback_is_asked(&config, &err), 0);
	config_set_annotation(&config, CONFIG_ANNOTATION_LIMIT_FALLBACK, "rlimit");
	assert_int_equal(limit_fallback_is_asked(&config, &err), 1);
	config_set_annotation(&config, CONFIG_ANNOTATION_LIMIT_FALLBACK, "none");
	assert_int_equal(limit_fallback_is_asked(&config, &err), -1);
	assert_non_null(strstr(err.text, "org.urun.limit-fallback: must be rlimit, not 'none'"));
}

/* In a child, whose affinity is the test's to change. */
static void a_process_is_bound_to_so_many_processors(void **state)
{
	cpu_set_t own, set;
	struct error err = ERROR_NONE;
	pid_t pid;
	int status;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(own), &own), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (limit_fallback_bind(getpid(), 1, &err) < 0 ||
		    sched_getaffinity(0, sizeof(set), &set) < 0 || CPU_COUNT(&set) != 1)
			_exit(1);
		CPU_AND(&set, &set, &own);
		if (CPU_COUNT(&set) != 1)
			_exit(2);
		/* More than there are: nothing changes. */
		if (limit_fallback_bind(getpid(), CPU_SETSIZE - 1, &err) < 0 ||
		    sched_getaffinity(0, sizeof(set), &set) < 0 || CPU_COUNT(&set) != 1)
			_exit(3);
		if (limit_fallback_bind_like(getpid(), getppid(), &err) < 0 ||
		    sched_getaffinity(0, sizeof(set), &set) < 0 || !CPU_EQUAL(&set, &own))
			_exit(4);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

#define TEST(name) cmocka_unit_test_teardown(name, release)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(limits_become_rlimits_and_a_number_of_processors),
		TEST(processors_are_rounded_up),
		TEST(a_lower_rlimit_of_the_config_stays),
		TEST(no_limit_is_no_work),
		TEST(the_annotation_has_one_word),
		TEST(a_process_is_bound_to_so_many_processors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
