// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sys/mount.h>

#include "core/base/str.h"
#include "core/config/mount_plan.h"

/* A config with some mounts, read as from a config.json. */
struct fixture {
	struct container_config config;
	struct mount_plan plan;
	struct error err;
};

static int setup(void **state)
{
	*state = mem_alloc(sizeof(struct fixture));
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	mount_plan_release(&fixture->plan);
	config_release(&fixture->config);
	free(fixture);
	return 0;
}

#define NOTHING "\"namespaces\":[{\"type\":\"mount\"}]"

static int make(struct fixture *fixture, const char *mounts, const char *linux_members)
{
	autofree char *json =
		str_format("{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"/rootfs\"},"
			   "\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"]},"
			   "\"mounts\":[%s],\"linux\":{%s}}",
			   mounts, linux_members);

	mount_plan_release(&fixture->plan);
	config_release(&fixture->config);
	fixture->config = (struct container_config){ 0 };
	fixture->err = ERROR_NONE;
	if (config_parse(json, strlen(json), &fixture->config, &fixture->err) < 0)
		fail_msg("config: %s", fixture->err.text);
	return mount_plan_make(&fixture->config, &fixture->plan, &fixture->err);
}

static void refused(struct fixture *fixture, const char *mount, const char *words)
{
	autofree char *mounts =
		str_format("{\"destination\":\"/ok\",\"type\":\"tmpfs\"},%s", mount);

	assert_int_equal(make(fixture, mounts, NOTHING), -1);
	if (strncmp(fixture->err.text, "mounts[1]: ", 11) != 0 || !strstr(fixture->err.text, words))
		fail_msg("'%s' should be about '%s'", fixture->err.text, words);
}

static void a_plan_has_the_mounts_in_their_order(void **state)
{
	struct fixture *fixture = *state;
	const struct mount_step *steps;

	assert_int_equal(
		make(fixture,
		     "{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
		     "{\"destination\":\"/v\",\"type\":\"none\",\"source\":\"/host\",\"options\":[\"rbind\",\"ro\"]},"
		     "{\"destination\":\"/w\",\"type\":\"bind\",\"source\":\"/host\"},"
		     "{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\"},"
		     "{\"destination\":\"/v\",\"options\":[\"remount\",\"ro\"]}",
		     NOTHING),
		0);
	assert_int_equal(fixture->plan.steps.count, 5);
	steps = fixture->plan.steps.items;
	assert_int_equal(steps[0].kind, MOUNT_KIND_PROC);
	assert_string_equal(steps[0].type, "proc");
	assert_int_equal(steps[1].kind, MOUNT_KIND_BIND);
	assert_string_equal(steps[1].source, "/host");
	assert_null(steps[1].type);
	assert_true(steps[1].options.traits & MOUNT_TRAIT_RECURSIVE);
	assert_int_equal(steps[2].kind, MOUNT_KIND_BIND);
	assert_false(steps[2].options.traits & MOUNT_TRAIT_RECURSIVE);
	assert_int_equal(steps[3].kind, MOUNT_KIND_CGROUP);
	assert_string_equal(steps[3].type, "cgroup2");
	assert_int_equal(steps[4].kind, MOUNT_KIND_REMOUNT);
	assert_int_equal(steps[4].index, 4);
}

static void destinations_are_clean(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(
		make(fixture, "{\"destination\":\"/a/../b//c/./d/\",\"type\":\"tmpfs\"}", NOTHING),
		0);
	assert_string_equal(fixture->plan.steps.items[0].destination, "/b/c/d");
}

static void the_root_can_not_be_mounted_on(void **state)
{
	refused(*state, "{\"destination\":\"/\",\"type\":\"tmpfs\"}", "on /");
	refused(*state, "{\"destination\":\"/x/../..//\",\"type\":\"bind\",\"source\":\"/\"}",
		"on /");
}

static void a_mount_needs_a_type_or_bind(void **state)
{
	refused(*state, "{\"destination\":\"/x\"}", "bind");
	refused(*state, "{\"destination\":\"/x\",\"type\":\"\"}", "bind");
	refused(*state, "{\"destination\":\"/x\",\"type\":\"none\",\"options\":[\"ro\"]}", "bind");
	refused(*state, "{\"destination\":\"/x\",\"type\":\"bind\"}", "source");
	refused(*state, "{\"destination\":\"/x\",\"options\":[\"rbind\"]}", "source");
}

static void only_proc_lies_on_proc(void **state)
{
	struct fixture *fixture = *state;

	refused(fixture, "{\"destination\":\"/proc\",\"type\":\"tmpfs\"}", "/proc");
	refused(fixture, "{\"destination\":\"/x/../proc/\",\"type\":\"sysfs\"}", "/proc");
	refused(fixture, "{\"destination\":\"/proc\",\"type\":\"cgroup\"}", "/proc");
	assert_int_equal(make(fixture,
			      "{\"destination\":\"/proc\",\"type\":\"bind\",\"source\":\"/proc\"}",
			      NOTHING),
			 0);
}

static void options_that_would_be_forgotten_are_refused(void **state)
{
	refused(*state,
		"{\"destination\":\"/x\",\"type\":\"bind\",\"source\":\"/y\",\"options\":[\"nosiud\"]}",
		"'nosiud'");
	refused(*state, "{\"destination\":\"/x\",\"type\":\"proc\",\"options\":[\"tmpcopyup\"]}",
		"tmpcopyup");
	refused(*state, "{\"destination\":\"/x\",\"options\":[\"remount\",\"idmap\"]}", "idmap");
}

#define PROPAGATION(word) NOTHING ",\"rootfsPropagation\":\"" word "\""
#define BINDS                                                           \
	"{\"destination\":\"/x\",\"type\":\"bind\",\"source\":\"/y\"}," \
	"{\"destination\":\"/x\",\"type\":\"bind\",\"source\":\"/y\",\"options\":[\"slave\",\"shared\"]}"

static void mounts_are_private_as_the_root_unless_they_say_otherwise(void **state)
{
	struct fixture *fixture = *state;
	const struct mount_step *steps;

	assert_int_equal(make(fixture, BINDS, PROPAGATION("rprivate")), 0);
	steps = fixture->plan.steps.items;
	assert_int_equal(steps[0].options.propagations.count, 1);
	assert_int_equal(steps[0].options.propagations.items[0], MOUNT_RPRIVATE);
	assert_int_equal(steps[1].options.propagations.count, 2);
	assert_int_equal(steps[1].options.propagations.items[0], MOUNT_SLAVE);
	assert_int_equal(steps[1].options.propagations.items[1], MOUNT_SHARED);
	assert_int_equal(make(fixture, BINDS, PROPAGATION("rslave")), 0);
	assert_int_equal(fixture->plan.steps.items[0].options.propagations.count, 0);
	assert_true(fixture->plan.has_propagations);
	assert_int_equal(make(fixture, "{\"destination\":\"/x\",\"type\":\"tmpfs\"}", NOTHING), 0);
	assert_false(fixture->plan.has_propagations);
}

#define MAPPED                                                             \
	"\"namespaces\":[{\"type\":\"user\"},{\"type\":\"mount\"}],"       \
	"\"uidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":1}," \
	"{\"containerID\":1,\"hostID\":100000,\"size\":65536}],"           \
	"\"gidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":1}," \
	"{\"containerID\":1,\"hostID\":100000,\"size\":65536}]"

/*
 * The mappings are written from inside the container's user namespace, in which the host's id
 * 100010 is 11, and 1000 is 0.
 */
static void host_ids_of_an_idmap_go_back_through_the_container(void **state)
{
	struct fixture *fixture = *state;
	const struct mount_step *step;

	assert_int_equal(make(fixture,
			      "{\"destination\":\"/x\",\"type\":\"tmpfs\","
			      "\"uidMappings\":[{\"containerID\":0,\"hostID\":100010,\"size\":5}],"
			      "\"gidMappings\":[{\"containerID\":7,\"hostID\":1000,\"size\":1}]}",
			      MAPPED),
			 0);
	step = &fixture->plan.steps.items[0];
	assert_true(step->options.traits & MOUNT_TRAIT_IDMAP);
	assert_string_equal(step->uid_map, "0 11 5\n");
	assert_string_equal(step->gid_map, "7 0 1\n");
}

static void the_idmap_option_has_ranges(void **state)
{
	struct fixture *fixture = *state;
	const struct mount_step *step;

	assert_int_equal(make(fixture,
			      "{\"destination\":\"/x\",\"type\":\"bind\",\"source\":\"/y\","
			      "\"options\":[\"idmap=uids=0-1000-1#1-100000-10;gids=@0-5-3\"]}",
			      MAPPED),
			 0);
	step = &fixture->plan.steps.items[0];
	assert_string_equal(step->uid_map, "0 0 1\n1 1 10\n");
	assert_string_equal(step->gid_map, "0 5 3\n");
}

static void idmap_alone_means_the_containers_namespace(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(
		make(fixture,
		     "{\"destination\":\"/x\",\"type\":\"bind\",\"source\":\"/y\",\"options\":[\"ridmap\"]}",
		     MAPPED),
		0);
	assert_null(fixture->plan.steps.items[0].uid_map);
	assert_true(fixture->plan.steps.items[0].options.traits & MOUNT_TRAIT_IDMAP_RECURSIVE);
}

static void wrong_idmaps_are_refused(void **state)
{
	static const char *const wrong[] = {
		"uids=0-1000;gids=0-1000-1",
		"uids=0-1000-1-1;gids=0-1000-1",
		"uids=0-1000-0;gids=0-1000-1",
		"uids=0-1000-1",
		"uids=;gids=",
		"uids=a-b-c;gids=0-1000-1",
		"foo",
		"uids=0-5-1;gids=0-1000-1",
		"uids=0-100000-65537;gids=0-1000-1",
		"uids=0-4294967296-1;gids=0-1000-1",
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		autofree char *mount =
			str_format("{\"destination\":\"/x\",\"type\":\"bind\",\"source\":\"/y\","
				   "\"options\":[\"idmap=%s\"]}",
				   wrong[i]);

		if (make(fixture, mount, MAPPED) == 0)
			fail_msg("idmap=%s is taken", wrong[i]);
		assert_non_null(strstr(fixture->err.text, "mounts[0]: idmap: "));
	}
}

static void a_tmpfs_that_others_are_put_into_is_filled_later(void **state)
{
	struct fixture *fixture = *state;
	const struct mount_step *steps;

	assert_int_equal(make(fixture,
			      "{\"destination\":\"/a\",\"type\":\"tmpfs\",\"options\":[\"rro\"]},"
			      "{\"destination\":\"/ab\",\"type\":\"tmpfs\"},"
			      "{\"destination\":\"/x/../a/b\",\"type\":\"bind\",\"source\":\"/y\"},"
			      "{\"destination\":\"/dev/\",\"type\":\"tmpfs\"},"
			      "{\"destination\":\"/a\",\"type\":\"tmpfs\"}",
			      NOTHING),
			 0);
	steps = fixture->plan.steps.items;
	assert_true(steps[0].filled_later);
	assert_false(steps[1].filled_later);
	assert_false(steps[2].filled_later);
	assert_true(steps[3].filled_later);
	assert_false(steps[4].filled_later);
}

static void the_plan_knows_which_namespaces_are_new(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(make(fixture, "",
			      "\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"pid\"},"
			      "{\"type\":\"network\",\"path\":\"/proc/1/ns/net\"}]"),
			 0);
	assert_true(fixture->plan.own_pid_namespace);
	assert_false(fixture->plan.own_ipc_namespace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_plan_has_the_mounts_in_their_order, setup,
						teardown),
		cmocka_unit_test_setup_teardown(destinations_are_clean, setup, teardown),
		cmocka_unit_test_setup_teardown(the_root_can_not_be_mounted_on, setup, teardown),
		cmocka_unit_test_setup_teardown(a_mount_needs_a_type_or_bind, setup, teardown),
		cmocka_unit_test_setup_teardown(only_proc_lies_on_proc, setup, teardown),
		cmocka_unit_test_setup_teardown(options_that_would_be_forgotten_are_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			mounts_are_private_as_the_root_unless_they_say_otherwise, setup, teardown),
		cmocka_unit_test_setup_teardown(host_ids_of_an_idmap_go_back_through_the_container,
						setup, teardown),
		cmocka_unit_test_setup_teardown(the_idmap_option_has_ranges, setup, teardown),
		cmocka_unit_test_setup_teardown(idmap_alone_means_the_containers_namespace, setup,
						teardown),
		cmocka_unit_test_setup_teardown(wrong_idmaps_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_tmpfs_that_others_are_put_into_is_filled_later,
						setup, teardown),
		cmocka_unit_test_setup_teardown(the_plan_knows_which_namespaces_are_new, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
