// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/str.h"
#include "core/cgroup/plan.h"
#include "core/cgroup/tree.h"

/* Plain directories stand for cgroups: this path leads from CGROUP_ROOT to /. */
#define TO_ROOT "/../../.."

struct place {
	char *directory;
	char *cgroup; /* the same as a path below CGROUP_ROOT */
};

static int make_place(void **state)
{
	char template[] = "/tmp/urun-test-plan.XXXXXX";
	struct place *place = mem_alloc(sizeof(*place));

	if (access(CGROUP_ROOT, X_OK) < 0 || !mkdtemp(template))
		return -1;
	place->directory = str_dup(template);
	place->cgroup = str_format(TO_ROOT "%s", template);
	*state = place;
	return 0;
}

static int remove_place(void **state)
{
	struct place *place = *state;
	autofree char *command = str_format("rm -rf '%s'", place->directory);
	int status = system(command);

	free(place->directory);
	free(place->cgroup);
	free(place);
	return status;
}

static struct cgroup_plan plan_of(const struct place *place, const char *name, bool by_id)
{
	struct cgroup_plan plan = CGROUP_PLAN_NONE;

	plan.manager = CGROUP_CGROUPFS;
	plan.path = str_format("%s/%s", place->cgroup, name);
	plan.is_named_by_id = by_id;
	return plan;
}

/* Makes the cgroup @name, which has processes or has none. */
static void make_cgroup(const struct place *place, const char *name, const char *events)
{
	autofree char *directory = str_format("%s/%s", place->directory, name);
	autofree char *file = str_format("%s/cgroup.events", directory);

	assert_int_equal(mkdir(directory, 0755), 0);
	assert_int_equal(file_create(AT_FDCWD, file, 0644, events, strlen(events)), 0);
}

static void assert_made(struct cgroup_plan *plan, const struct place *place, const char *name)
{
	autofree char *wanted = str_format("%s/%s", place->cgroup, name);
	struct error err = ERROR_NONE;

	if (cgroup_plan_create(plan, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(plan->path, wanted);
	assert_true(plan->fd >= 0);
}

static void containers_of_one_id_have_a_cgroup_each(void **state)
{
	struct place *place = *state;
	struct cgroup_plan first = plan_of(place, "urun-c1", true);
	struct cgroup_plan second = plan_of(place, "urun-c1", true);
	struct cgroup_plan third = plan_of(place, "urun-c1", true);

	assert_made(&first, place, "urun-c1");
	assert_made(&second, place, "urun-c1.2");
	assert_made(&third, place, "urun-c1.3");
	assert_string_equal(second.made, second.path);
	cgroup_plan_release(&first);
	cgroup_plan_release(&second);
	cgroup_plan_release(&third);
}

/* The failure's undoing kills what is in plan->path: that must not be the other container. */
static void a_cgroup_of_the_config_that_has_processes_is_refused(void **state)
{
	struct place *place = *state;
	struct cgroup_plan plan = plan_of(place, "used", false);
	struct error err = ERROR_NONE;

	make_cgroup(place, "used", "populated 1\nfrozen 0\n");
	assert_int_equal(cgroup_plan_create(&plan, &err), -1);
	assert_non_null(strstr(err.text, "/used is in use: it has processes"));
	assert_null(plan.path);
	assert_null(plan.made);
	cgroup_plan_release(&plan);
}

static void an_empty_cgroup_of_the_config_is_taken(void **state)
{
	struct place *place = *state;
	struct cgroup_plan plan = plan_of(place, "empty", false);

	make_cgroup(place, "empty", "populated 0\nfrozen 0\n");
	assert_made(&plan, place, "empty");
	assert_null(plan.made);
	cgroup_plan_release(&plan);
}

static void a_cgroup_that_cant_be_made_is_not_the_plans(void **state)
{
	struct place *place = *state;
	struct cgroup_plan plan = plan_of(place, "file/below", false);
	autofree char *file = str_format("%s/file", place->directory);
	struct error err = ERROR_NONE;

	assert_int_equal(file_create(AT_FDCWD, file, 0644, "", 0), 0);
	assert_int_equal(cgroup_plan_create(&plan, &err), -1);
	assert_int_equal(err.code, ENOTDIR);
	assert_null(plan.path);
	cgroup_plan_release(&plan);
}

/* What becomes of device rules for a container without a cgroup, as root asked for none. */
static void without_a_cgroup_there_are_no_device_rules(void **state)
{
	static const enum cgroup_devices all[] = { CGROUP_DEVICES_IGNORED, CGROUP_DEVICES_IF_ASKED,
						   CGROUP_DEVICES_ENFORCED };
	struct config_linux linux = { 0 };
	const struct container_config config = { .linux = &linux };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		const struct cgroup_request request = { .manager = CGROUP_DISABLED,
							.devices = all[i],
							.id = "c1" };
		struct cgroup_plan plan = CGROUP_PLAN_NONE;
		struct error err = ERROR_NONE;

		if (cgroup_plan_make(&request, &config, &plan, &err) < 0)
			fail_msg("%s", err.text);
		assert_int_equal(plan.manager, CGROUP_DISABLED);
		assert_int_equal(plan.devices.count, 0);
		assert_false(plan.needs_devices);
		cgroup_plan_release(&plan);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

/* No systemd answers here, so that a call of it is a failure. */
static void a_scope_that_has_ended_is_not_stopped(void **state)
{
	struct cgroup_left ended = { .path = "/urun-test-ended.scope",
				     .unit = "urun-test-ended.scope",
				     .user_bus = true };
	struct cgroup_left hidden = { .path = "/urun-test.slice/urun-test-hidden.scope",
				      .unit = "urun-test-hidden.scope",
				      .user_bus = true };
	struct cgroup_left below = { .path = "/urun-test-ended.scope/container",
				     .unit = "urun-test-ended.scope",
				     .user_bus = true };
	struct error err = ERROR_NONE;

	(void)state;
	if (access("/sys/fs/cgroup", F_OK) < 0)
		skip();
	setenv("XDG_RUNTIME_DIR", "/nowhere", 1);
	setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere", 1);
	assert_int_equal(cgroup_destroy(&ended, &err), 0);
	assert_int_equal(cgroup_destroy(&below, &err), 0);
	assert_int_equal(cgroup_destroy(&hidden, &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(containers_of_one_id_have_a_cgroup_each),
		TEST(a_cgroup_of_the_config_that_has_processes_is_refused),
		TEST(an_empty_cgroup_of_the_config_is_taken),
		TEST(a_cgroup_that_cant_be_made_is_not_the_plans),
		cmocka_unit_test(without_a_cgroup_there_are_no_device_rules),
		cmocka_unit_test(a_scope_that_has_ended_is_not_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
