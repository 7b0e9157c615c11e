// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "core/config/change.h"
#include "core/config/layers.h"

static int setup(void **state)
{
	struct container_config *config = mem_alloc(sizeof(*config));

	config->root = arena_alloc(&config->arena, sizeof(*config->root));
	config->root->path = arena_str(&config->arena, "/top");
	config_set_annotation(config, CONFIG_ANNOTATION_OVERLAY, CONFIG_OVERLAY_IN_MEMORY);
	*state = config;
	return 0;
}

static int teardown(void **state)
{
	config_release(*state);
	free(*state);
	return 0;
}

static void expect_layers(struct container_config *config, const char *annotation,
			  const char *const *wanted)
{
	autotextlist struct str_list layers = { 0 };
	struct error err = ERROR_NONE;
	size_t count = 0;

	if (annotation)
		config_set_annotation(config, CONFIG_ANNOTATION_LAYERS, annotation);
	assert_int_equal(config_layers(config, &layers, &err), 0);
	for (; wanted[count]; count++)
		assert_string_equal(layers.items[count], wanted[count]);
	assert_int_equal(layers.count, count);
}

static void expect_refused(struct container_config *config, const char *annotation)
{
	struct str_list layers = { 0 };
	struct error err = ERROR_NONE;

	config_set_annotation(config, CONFIG_ANNOTATION_LAYERS, annotation);
	assert_int_equal(config_layers(config, &layers, &err), -1);
	assert_int_equal(layers.count, 0);
	assert_non_null(strstr(err.text, CONFIG_ANNOTATION_LAYERS));
}

static void the_root_is_the_first_layer(void **state)
{
	expect_layers(*state, NULL, (const char *[]){ "/top", NULL });
	expect_layers(*state, "", (const char *[]){ "/top", NULL });
	expect_layers(*state, "/a\n/b\\040\\012c",
		      (const char *[]){ "/top", "/a", "/b \nc", NULL });
}

static void a_line_is_an_absolute_path(void **state)
{
	expect_refused(*state, "a");
	expect_refused(*state, "/a\n");
	expect_refused(*state, "/a\n\n/b");
	expect_refused(*state, "/a\n\\057b");
}

static void layers_need_an_overlay(void **state)
{
	config_remove_annotation(*state, CONFIG_ANNOTATION_OVERLAY);
	expect_layers(*state, NULL, (const char *[]){ "/top", NULL });
	expect_refused(*state, "/a");
}

static void there_are_not_more_than_the_kernel_takes(void **state)
{
	autostrbuf struct strbuf text = { 0 };
	autotextlist struct str_list layers = { 0 };
	struct error err = ERROR_NONE;

	for (size_t i = 1; i < CONFIG_LAYERS_MAX; i++)
		config_layers_add(&text, "/a");
	config_set_annotation(*state, CONFIG_ANNOTATION_LAYERS, text.bytes);
	assert_int_equal(config_layers(*state, &layers, &err), 0);
	assert_int_equal(layers.count, CONFIG_LAYERS_MAX);
	config_layers_add(&text, "/a");
	expect_refused(*state, text.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_root_is_the_first_layer, setup, teardown),
		cmocka_unit_test_setup_teardown(a_line_is_an_absolute_path, setup, teardown),
		cmocka_unit_test_setup_teardown(layers_need_an_overlay, setup, teardown),
		cmocka_unit_test_setup_teardown(there_are_not_more_than_the_kernel_takes, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
