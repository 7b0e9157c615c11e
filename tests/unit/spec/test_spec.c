// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/str.h"
#include "core/spec/spec.h"

static struct config_id_mapping one_id[] = { { { true, 0 }, { true, 1000 }, { true, 1 } } };
static struct config_id_mapping many_ids[] = {
	{ { true, 0 }, { true, 1000 }, { true, 1 } },
	{ { true, 1 }, { true, 100000 }, { true, 65536 } },
};

static struct spec_input input_of(struct config_id_mapping *items, size_t count)
{
	struct spec_input input = { 0 };

	input.uid_mappings.items = input.gid_mappings.items = items;
	input.uid_mappings.count = input.gid_mappings.count = count;
	return input;
}

static bool has_option(struct container_config *config, const char *destination, const char *option)
{
	for (size_t i = 0; i < config->mounts.count; i++) {
		const struct config_mount *mount = &config->mounts.items[i];
		struct str_list words;

		if (!str_equal(mount->destination, destination))
			continue;
		mount_options_words(&mount->options, &config->arena, &words);
		for (size_t j = 0; j < words.count; j++)
			if (str_equal(words.items[j], option))
				return true;
	}
	return false;
}

/* The parser accepts the whole config, so nothing in it is refused by config_check(). */
static void the_config_is_read_back_as_it_was(void **state)
{
	struct spec_input input = input_of(many_ids, 2);
	autostrbuf struct strbuf text = { 0 };
	autostrbuf struct strbuf again = { 0 };
	struct container_config config = { 0 }, parsed = { 0 };
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(spec_config(&input, &config, &err), 0);
	config_print(&config, JSON_INDENTED, &text);
	if (config_parse(text.bytes, text.size, &parsed, &err) < 0)
		fail_msg("%s", err.text);
	config_print(&parsed, JSON_INDENTED, &again);
	assert_string_equal(text.bytes, again.bytes);
	assert_string_equal(parsed.oci_version, "1.3.0");
	assert_string_equal(parsed.process->args.items[0], "sh");
	assert_true(parsed.process->terminal && parsed.process->no_new_privileges &&
		    parsed.root->readonly);
	assert_string_equal(parsed.hostname, "urun");
	assert_int_equal(parsed.linux->uid_mappings.count, 2);
	assert_int_equal(parsed.linux->gid_mappings.items[1].outer.value, 100000);
	assert_int_equal(parsed.annotations.count, 0);
	config_release(&config);
	config_release(&parsed);
}

static void every_namespace_but_time_is_new(void **state)
{
	struct spec_input input = input_of(one_id, 1);
	struct container_config config = { 0 };
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(spec_config(&input, &config, &err), 0);
	for (int type = 0; type < CONFIG_NS_COUNT; type++) {
		struct config_namespace *namespace = config_find_namespace(&config, type);

		if (type == CONFIG_NS_TIME) {
			assert_null(namespace);
			continue;
		}
		assert_non_null(namespace);
		assert_null(namespace->path);
	}
	config_release(&config);
}

static void the_tty_group_is_asked_for_only_where_it_is_mapped(void **state)
{
	struct spec_input input = input_of(one_id, 1);
	struct container_config config = { 0 };
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(spec_config(&input, &config, &err), 0);
	assert_false(has_option(&config, "/dev/pts", "gid=5"));
	assert_true(has_option(&config, "/dev/pts", "newinstance"));
	config_release(&config);
	input = input_of(many_ids, 2);
	assert_int_equal(spec_config(&input, &config, &err), 0);
	assert_true(has_option(&config, "/dev/pts", "gid=5"));
	config_release(&config);
}

static void the_network_is_an_annotation(void **state)
{
	struct spec_input input = input_of(one_id, 1);
	struct container_config config = { 0 };
	struct error err = ERROR_NONE;

	(void)state;
	input.network = "slirp";
	assert_int_equal(spec_config(&input, &config, &err), 0);
	assert_string_equal(config_annotation(&config, "org.urun.network"), "slirp");
	config_release(&config);
}

static void mappings_without_root_are_refused(void **state)
{
	struct config_id_mapping no_root[] = { { { true, 1 }, { true, 100000 }, { true, 65536 } } };
	struct spec_input input = input_of(no_root, 1);
	struct container_config config = { 0 };
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(spec_config(&input, &config, &err), -1);
	assert_string_equal(err.text,
			    "the mappings have no id 0: the container would have no root");
	assert_null(config.oci_version);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_config_is_read_back_as_it_was),
		cmocka_unit_test(every_namespace_but_time_is_new),
		cmocka_unit_test(the_tty_group_is_asked_for_only_where_it_is_mapped),
		cmocka_unit_test(the_network_is_an_annotation),
		cmocka_unit_test(mappings_without_root_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
