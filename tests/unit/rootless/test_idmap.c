// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rootless/idmap.h"
#include "tests/unit/rootless/fake_host.h"

#define MAPPING(i, o, c)                                                               \
	{                                                                              \
		.inner = { true, (i) }, .outer = { true, (o) }, .count = { true, (c) } \
	}

static struct idmap usual(void)
{
	struct idmap map = { 0 };

	assert_int_equal(idmap_add(&map, 0, 1000, 1), 0);
	assert_int_equal(idmap_add(&map, 1, 100000, 65536), 0);
	return map;
}

static void test_questions(void **state)
{
	struct idmap map = usual();
	uint32_t outer = 7;

	(void)state;
	assert_true(idmap_maps_inner(&map, 0));
	assert_true(idmap_maps_inner(&map, 65536));
	assert_false(idmap_maps_inner(&map, 65537));
	assert_int_equal(idmap_to_outer(&map, 65536, &outer), 0);
	assert_int_equal(outer, 165535);
	assert_int_equal(idmap_to_outer(&map, 65537, &outer), -ENOENT);
	assert_int_equal(outer, 165535);
	assert_true(idmap_maps_outer(&map, 1000));
	assert_false(idmap_maps_outer(&map, 0));
	assert_false(idmap_maps_outer(&map, 165536));
	assert_int_equal(idmap_total(&map), 65537);
	assert_false(idmap_is_single(&map, 1000));
}

static void test_equal(void **state)
{
	struct idmap map = usual(), cut = { 0 }, other = usual();

	(void)state;
	idmap_add(&cut, 10, 100009, 65527);
	idmap_add(&cut, 1, 100000, 9);
	idmap_add(&cut, 0, 1000, 1);
	assert_true(idmap_equal(&map, &cut));
	assert_true(idmap_equal(&cut, &map));
	other.ranges[1].outer++;
	assert_false(idmap_equal(&map, &other));
	other = usual();
	other.count = 1;
	assert_false(idmap_equal(&map, &other));
	assert_false(idmap_equal(&other, &map));
	/* As many ids, and not the same. */
	other = usual();
	other.ranges[0].inner = 65537;
	assert_false(idmap_equal(&map, &other));
}

static void test_print(void **state)
{
	autostrbuf struct strbuf text = { 0 }, lines = { 0 }, empty = { 0 };
	struct idmap map = usual(), none = { 0 };

	(void)state;
	idmap_print(&map, &text);
	assert_string_equal(text.bytes, "0 1000 1, 1 100000 65536");
	idmap_print_lines(&map, &lines);
	assert_string_equal(lines.bytes, "0 1000 1\n1 100000 65536\n");
	idmap_print(&none, &empty);
	assert_string_equal(empty.bytes, "empty");
}

static void test_add_refuses_what_the_kernel_refuses(void **state)
{
	struct idmap map = usual();

	(void)state;
	assert_int_equal(idmap_add(&map, 70000, 1, 0), -EINVAL);
	assert_int_equal(idmap_add(&map, 65536, 1, 1), -EINVAL);
	assert_int_equal(idmap_add(&map, 70000, 165535, 2), -EINVAL);
	assert_int_equal(idmap_add(&map, 70000, 4294967295u, 1), -EINVAL);
	assert_int_equal(idmap_add(&map, 4294967290u, 200000, 10), -EINVAL);
	assert_int_equal(map.count, 2);
	assert_int_equal(idmap_add(&map, 4294967294u, 4294967294u, 1), 0);
}

static void test_add_stops_at_the_kernels_bound(void **state)
{
	struct idmap map = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 340; i++)
		assert_int_equal(idmap_add(&map, i, 1000 + i, 1), 0);
	assert_int_equal(idmap_add(&map, 340, 5000, 1), -E2BIG);
}

static void test_covers_ranges_in_any_order(void **state)
{
	struct idmap map = { 0 };
	uint32_t missing = 0;

	(void)state;
	idmap_add(&map, 10, 500, 10);
	idmap_add(&map, 0, 100, 10);
	assert_true(idmap_maps_inner_range(&map, 0, 20, &missing));
	assert_true(idmap_maps_inner_range(&map, 5, 10, &missing));
	assert_false(idmap_maps_inner_range(&map, 5, 16, &missing));
	assert_int_equal(missing, 20);
}

static void test_from_config(void **state)
{
	struct config_id_mapping good[] = { MAPPING(0, 1000, 1), MAPPING(1, 100000, 65536) };
	struct config_id_mapping overlap[] = { MAPPING(0, 1000, 2), MAPPING(1, 100000, 1) };
	struct config_id_mapping empty[] = { MAPPING(0, 1000, 0) };
	struct config_id_mapping beyond[] = { MAPPING(0, 4294967000u, 65536) };
	struct error err = ERROR_NONE;
	struct idmap map;

	(void)state;
	assert_int_equal(idmap_from_config(&(config_id_mappings){ good, 2 }, "linux.uidMappings",
					   &map, &err),
			 0);
	assert_int_equal(map.ranges[1].outer, 100000);
	assert_int_equal(idmap_from_config(&(config_id_mappings){ overlap, 2 }, "linux.uidMappings",
					   &map, &err),
			 -1);
	assert_string_equal(err.text, "linux.uidMappings[1]: overlaps an earlier mapping");
	assert_int_equal(map.count, 2);
	assert_int_equal(idmap_from_config(&(config_id_mappings){ empty, 1 }, "linux.gidMappings",
					   &map, &err),
			 -1);
	assert_string_equal(err.text, "linux.gidMappings[0].size: must be above 0");
	assert_int_equal(idmap_from_config(&(config_id_mappings){ beyond, 1 }, "linux.gidMappings",
					   &map, &err),
			 -1);
	assert_non_null(strstr(err.text, "linux.gidMappings[0]: ids above"));
	assert_int_equal(idmap_from_config(&(config_id_mappings){ good, 341 }, "linux.uidMappings",
					   &map, &err),
			 -1);
	assert_non_null(strstr(err.text, "340"));
}

static int parse(const char *text, struct idmap *map)
{
	return idmap_parse(text, strlen(text), map);
}

static void test_parse_of_the_kernels_text(void **state)
{
	struct idmap map = { 0 };

	(void)state;
	assert_int_equal(parse("         0          0 4294967295\n", &map), 0);
	assert_int_equal(map.count, 1);
	assert_int_equal(map.ranges[0].count, 4294967295u);
	assert_int_equal(
		parse("         0       1000          1\n         1     100000      65536\n", &map),
		0);
	assert_int_equal(map.count, 2);
	assert_int_equal(map.ranges[1].inner, 1);
	assert_int_equal(parse("", &map), 0);
	assert_int_equal(map.count, 0);
	/* The outer id isn't mapped in the reader's user namespace. */
	assert_int_equal(parse("0 4294967295 1\n5 6 1\n", &map), 0);
	assert_int_equal(map.count, 1);
	assert_int_equal(parse("0 0\n", &map), -EINVAL);
	assert_int_equal(parse("0 0 1 1\n", &map), -EINVAL);
	assert_int_equal(parse("0 0 x\n", &map), -EINVAL);
	assert_int_equal(parse("0 0 99999999999\n", &map), -EINVAL);
}

static void test_identity(void **state)
{
	struct error err = ERROR_NONE;
	struct idmap map;

	(void)state;
	fake_file("/uid_map",
		  "         0       1000          1\n         1     100000      65536\n");
	assert_int_equal(idmap_identity_of_current(fake_path("/uid_map"), &map, &err), 0);
	assert_int_equal(map.count, 2);
	assert_int_equal(map.ranges[0].outer, 0);
	assert_int_equal(map.ranges[1].outer, 1);
	assert_int_equal(map.ranges[1].count, 65536);
	fake_file("/uid_map", "");
	assert_int_equal(idmap_identity_of_current(fake_path("/uid_map"), &map, &err), -1);
	assert_int_equal(idmap_identity_of_current(fake_path("/missing"), &map, &err), -1);
	assert_int_equal(err.code, ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_add_refuses_what_the_kernel_refuses),
		cmocka_unit_test(test_add_stops_at_the_kernels_bound),
		cmocka_unit_test(test_covers_ranges_in_any_order),
		cmocka_unit_test(test_from_config),
		cmocka_unit_test(test_parse_of_the_kernels_text),
		cmocka_unit_test_setup_teardown(test_identity, fake_host_setup, fake_host_teardown),
	};

	return cmocka_run_group_tests_name("idmap", tests, NULL, NULL);
}
