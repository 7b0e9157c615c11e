// SPDX-License-Identifier: Apache-2.0
// Changes to a config: an added value is the last of its list, and a set value occurs once.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/config/change.h"

struct fixture {
	struct container_config config;
	struct config_linux linux;
	struct config_process process;
};

static int set_up(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){ 0 };
	fixture.config.linux = &fixture.linux;
	fixture.config.process = &fixture.process;
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	arena_release(&fixture->config.arena);
	return 0;
}

static void a_mount_is_added_behind_the_others(void **state)
{
	struct container_config *config = &((struct fixture *)*state)->config;
	const struct config_mount *mount;
	char place[] = "/a";

	config_add_mount(config, place, "bind", "/source");
	place[1] = 'x';
	mount = config_add_mount(config, "/b", "tmpfs", "tmpfs");
	assert_int_equal(config->mounts.count, 2);
	assert_ptr_equal(mount, &config->mounts.items[1]);
	assert_string_equal(mount->destination, "/b");
	assert_int_equal(mount->kind, MOUNT_KIND_TMPFS);
	assert_int_equal(mount->options.traits | mount->options.top.set | mount->options.top.clear,
			 0);
	mount = &config->mounts.items[0];
	assert_string_equal(mount->destination, "/a");
	assert_string_equal(mount->type, "bind");
	assert_string_equal(mount->source, "/source");
	assert_int_equal(mount->kind, MOUNT_KIND_BIND);
}

static void a_namespace_is_added_and_removed(void **state)
{
	struct container_config *config = &((struct fixture *)*state)->config;

	config_add_namespace(config, CONFIG_NS_USER);
	config_add_namespace(config, CONFIG_NS_MOUNT);
	config_add_namespace(config, CONFIG_NS_NETWORK);
	assert_non_null(config_find_namespace(config, CONFIG_NS_MOUNT));
	config_remove_namespace(config, config_find_namespace(config, CONFIG_NS_MOUNT));
	assert_null(config_find_namespace(config, CONFIG_NS_MOUNT));
	config_remove_namespace(config, config_find_namespace(config, CONFIG_NS_NETWORK));
	assert_int_equal(config->linux->namespaces.count, 1);
	assert_int_equal(config->linux->namespaces.items[0].type, CONFIG_NS_USER);
	assert_null(config->linux->namespaces.items[0].path);
}

static void a_variable_stands_once(void **state)
{
	struct container_config *config = &((struct fixture *)*state)->config;
	const struct str_list *env = &config->process->env;

	config_set_env(config, "HOMEPAGE", "1");
	config_set_env(config, "HOME", "/");
	config_set_env(config, "HOMEPAGE", "a=b");
	assert_int_equal(env->count, 2);
	assert_string_equal(env->items[0], "HOMEPAGE=a=b");
	assert_string_equal(env->items[1], "HOME=/");
}

static void an_annotation_stands_once(void **state)
{
	struct container_config *config = &((struct fixture *)*state)->config;

	config_set_annotation(config, "a", "1");
	config_set_annotation(config, "b", "2");
	config_set_annotation(config, "a", "");
	assert_int_equal(config->annotations.count, 2);
	assert_string_equal(config_annotation(config, "a"), "");
	assert_string_equal(config_annotation(config, "b"), "2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_mount_is_added_behind_the_others, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_namespace_is_added_and_removed, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_variable_stands_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_annotation_stands_once, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
