// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/str.h"
#include "core/config/change.h"
#include "core/spec/spec.h"
#include "core/spec/spec_steps.h"

static struct container_config config;
static struct error err;

/* The config of an ordinary user, as the step finds it. */
static int apply(const struct spec_options *options)
{
	static struct config_id_mapping ids[] = { { { true, 0 }, { true, 1000 }, { true, 1 } } };
	const struct spec_input input = { .uid_mappings = { ids, 1 }, .gid_mappings = { ids, 1 } };

	config_release(&config);
	config = (struct container_config){ 0 };
	err = ERROR_NONE;
	assert_int_equal(spec_config(&input, &config, &err), 0);
	return spec_apply_namespaces(options, &config, &err);
}

static const struct config_mount *shm_mount(void)
{
	for (size_t i = 0; i < config.mounts.count; i++)
		if (str_equal(config.mounts.items[i].destination, CONFIG_SHM_PATH))
			return &config.mounts.items[i];
	return NULL;
}

static int release(void **state)
{
	(void)state;
	config_release(&config);
	config = (struct container_config){ 0 };
	return 0;
}

static void without_a_word_all_namespaces_are_its_own(void **state)
{
	static const char *const words[] = { NULL, "", "private" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		const struct spec_options options = { .pid = words[i],
						      .ipc = words[i],
						      .uts = words[i] };

		assert_int_equal(apply(&options), 0);
		assert_non_null(config_find_namespace(&config, CONFIG_NS_PID));
		assert_non_null(config_find_namespace(&config, CONFIG_NS_IPC));
		assert_non_null(config_find_namespace(&config, CONFIG_NS_UTS));
		assert_non_null(shm_mount());
		assert_int_equal(config.linux->uid_mappings.count, 1);
	}
}

static void host_leaves_the_namespace_out(void **state)
{
	(void)state;
	assert_int_equal(
		apply(&(struct spec_options){ .pid = "host", .ipc = "host", .uts = "host" }), 0);
	assert_null(config_find_namespace(&config, CONFIG_NS_PID));
	assert_null(config_find_namespace(&config, CONFIG_NS_IPC));
	assert_null(config_find_namespace(&config, CONFIG_NS_UTS));
	assert_null(config.hostname);
	assert_int_equal(shm_mount()->kind, MOUNT_KIND_BIND);
	assert_string_equal(shm_mount()->source, CONFIG_SHM_PATH);
}

static void a_path_is_that_of_the_config(void **state)
{
	(void)state;
	assert_int_equal(apply(&(struct spec_options){ .pid = "ns:/proc/1/ns/pid" }), 0);
	assert_string_equal(config_find_namespace(&config, CONFIG_NS_PID)->path, "/proc/1/ns/pid");
	assert_int_equal(apply(&(struct spec_options){ .uts = "ns:here" }), -1);
	assert_string_equal(err.text, "--uts ns:here: expected an absolute path");
}

static void ipc_none_has_no_shared_memory(void **state)
{
	(void)state;
	assert_int_equal(apply(&(struct spec_options){ .ipc = "none" }), 0);
	assert_null(shm_mount());
	assert_non_null(config_find_namespace(&config, CONFIG_NS_IPC));
	assert_int_equal(apply(&(struct spec_options){ .pid = "none" }), -1);
}

/* The ids, and with uts the host name, are the other container's. */
static void a_container_is_an_annotation(void **state)
{
	(void)state;
	assert_int_equal(apply(&(struct spec_options){ .pid = "container:db",
						       .ipc = "container:db",
						       .uts = "container:web" }),
			 0);
	assert_string_equal(config_annotation(&config, CONFIG_ANNOTATION_PID), "container:db");
	assert_string_equal(config_annotation(&config, CONFIG_ANNOTATION_IPC), "container:db");
	assert_string_equal(config_annotation(&config, CONFIG_ANNOTATION_UTS), "container:web");
	assert_int_equal(config.linux->uid_mappings.count, 0);
	assert_int_equal(config.linux->gid_mappings.count, 0);
	assert_null(config.hostname);
	assert_int_equal(apply(&(struct spec_options){ .network = "container:db" }), 0);
	assert_int_equal(config.linux->uid_mappings.count, 0);
	assert_non_null(config.hostname);
}

static void options_of_the_other_container_are_refused(void **state)
{
	(void)state;
	assert_int_equal(apply(&(struct spec_options){ .uts = "container:db", .hostname = "h" }),
			 -1);
	assert_non_null(strstr(err.text, "--hostname h"));
	assert_int_equal(
		apply(&(struct spec_options){ .network = "container:db", .userns = "keep-id" }),
		-1);
	assert_string_equal(err.text, "--userns keep-id: with --network container:db this is the "
				      "other container's: give it to db");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(without_a_word_all_namespaces_are_its_own, release),
		cmocka_unit_test_teardown(host_leaves_the_namespace_out, release),
		cmocka_unit_test_teardown(a_path_is_that_of_the_config, release),
		cmocka_unit_test_teardown(ipc_none_has_no_shared_memory, release),
		cmocka_unit_test_teardown(a_container_is_an_annotation, release),
		cmocka_unit_test_teardown(options_of_the_other_container_are_refused, release),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
