// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/str.h"
#include "core/spec/spec_keep_id.h"

static struct config_id_mapping items[8];
static struct config_process process;
static struct config_user user;
static struct config_linux linux;
static struct container_config config;
static struct error err;

/* Makes a caller with the default map for these ranges of subids. */
static void caller_with(uint64_t own, size_t count, const uint64_t (*ranges)[2])
{
	uint64_t inner = 1;

	items[0] = (struct config_id_mapping){ { true, 0 }, { true, own }, { true, 1 } };
	for (size_t i = 0; i < count; i++) {
		items[1 + i] = (struct config_id_mapping){ { true, inner },
							   { true, ranges[i][0] },
							   { true, ranges[i][1] } };
		inner += ranges[i][1];
	}
	linux = (struct config_linux){ 0 };
	linux.uid_mappings.items = linux.gid_mappings.items = items;
	linux.uid_mappings.count = linux.gid_mappings.count = 1 + count;
	user = (struct config_user){ 0 };
	process = (struct config_process){ .user = &user };
	arena_release(&config.arena);
	config = (struct container_config){ .process = &process, .linux = &linux };
	err = ERROR_NONE;
}

static char *map_text(const config_id_mappings *map)
{
	autostrbuf struct strbuf text = { 0 };

	for (size_t i = 0; i < map->count; i++)
		strbuf_addf(&text, "%s%d %d %d", i ? ", " : "", (int)map->items[i].inner.value,
			    (int)map->items[i].outer.value, (int)map->items[i].count.value);
	return str_dup(text.bytes);
}

static void assert_kept(const char *text, unsigned int own, const char *uids, const char *gids)
{
	const struct spec_caller caller = { .uid = own, .gid = own };
	autofree char *has_uids = NULL, *has_gids = NULL;

	if (spec_keep_id(text, &caller, &config, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	has_uids = map_text(&linux.uid_mappings);
	has_gids = map_text(&linux.gid_mappings);
	assert_string_equal(has_uids, uids);
	assert_string_equal(has_gids, gids);
}

static const uint64_t one[][2] = { { 100000, 65536 } };
static const uint64_t three[][2] = { { 100000, 500 }, { 200000, 700 }, { 300000, 3000 } };

static void the_own_id_stands_among_the_subids(void **state)
{
	static const char map[] = "0 100000 1000, 1000 1000 1, 1001 101000 64536";

	(void)state;
	caller_with(1000, 1, one);
	assert_kept("keep-id", 1000, map, map);
	assert_int_equal(user.uid.value, 1000);
	assert_int_equal(user.gid.value, 1000);
}

/* The ids are consecutive inside, wherever the ranges are, and wherever the own id is. */
static void several_ranges_are_as_one(void **state)
{
	static const char middle[] = "0 100000 500, 500 200000 500, 1000 1000 1, "
				     "1001 200500 200, 1201 300000 3000";
	static const char edge[] = "0 100000 500, 500 1000 1, 501 200000 700, 1201 300000 3000";

	(void)state;
	caller_with(1000, 3, three);
	assert_kept("keep-id", 1000, middle, middle);
	caller_with(1000, 3, three);
	assert_kept("keep-id:uid=500,gid=500", 1000, edge, edge);
}

/* The user directory of a company may give ids from a million on. */
static void an_own_id_beyond_the_subids_leaves_a_gap(void **state)
{
	static const char map[] = "0 100000 65536, 1234567 1234567 1";

	(void)state;
	caller_with(1234567, 1, one);
	assert_kept("keep-id", 1234567, map, map);
}

static void without_subids_there_is_the_own_id_alone(void **state)
{
	(void)state;
	caller_with(1000, 0, NULL);
	assert_kept("keep-id", 1000, "1000 1000 1", "1000 1000 1");
	caller_with(1000, 0, NULL);
	assert_kept("keep-id:uid=7", 1000, "7 1000 1", "1000 1000 1");
}

static void other_numbers_are_taken(void **state)
{
	(void)state;
	caller_with(1000, 1, one);
	assert_kept("keep-id:uid=200,gid=210", 1000, "0 100000 200, 200 1000 1, 201 100200 65336",
		    "0 100000 210, 210 1000 1, 211 100210 65326");
	assert_int_equal(user.uid.value, 200);
	assert_int_equal(user.gid.value, 210);
	caller_with(1000, 1, one);
	assert_kept("keep-id:uid=0,gid=0", 1000, "0 1000 1, 1 100000 65536",
		    "0 1000 1, 1 100000 65536");
}

static void a_size_is_that_of_the_whole_map(void **state)
{
	static const char small[] = "0 100000 9, 1000 1000 1";
	static const char around[] = "0 100000 3, 3 1000 1, 4 100003 6";

	(void)state;
	caller_with(1000, 1, one);
	assert_kept("keep-id:size=10", 1000, small, small);
	caller_with(1000, 1, one);
	assert_kept("keep-id:uid=3,gid=3,size=10", 1000, around, around);
	caller_with(1000, 1, one);
	assert_kept("keep-id:size=1", 1000, "1000 1000 1", "1000 1000 1");
	caller_with(1000, 1, one);
	assert_kept("keep-id:uid=0,gid=0,size=4000000", 1000, "0 1000 1, 1 100000 65536",
		    "0 1000 1, 1 100000 65536");
}

/* Root's ids are mapped to themselves already, and the map stays. */
static void root_keeps_its_map(void **state)
{
	const struct spec_caller root = { .uid = 0, .gid = 0 };

	(void)state;
	caller_with(0, 0, NULL);
	items[0].count.value = 4000000;
	assert_kept("keep-id:uid=5,gid=6", 0, "0 0 4000000", "0 0 4000000");
	assert_int_equal(user.uid.value, 5);
	assert_int_equal(user.gid.value, 6);
	assert_int_equal(spec_keep_id("keep-id:size=10", &root, &config, &err), -1);
}

static void what_is_not_of_the_form_is_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"host",
		"keep-ids",
		"keep-id:",
		"keep-id:uid",
		"keep-id:uid=",
		"keep-id:uid=-1",
		"keep-id:uid=0x10",
		"keep-id:gid=a",
		"keep-id:uid=1 ",
		"keep-id:uid=4294967295",
		"keep-id:size=0",
		"keep-id:foo=1",
		"keep-id:uid=1:2",
		"keep-id,uid=1",
	};
	const struct spec_caller caller = { .uid = 1000, .gid = 1000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		caller_with(1000, 1, one);
		if (spec_keep_id(wrong[i], &caller, &config, &err) == 0)
			fail_msg("'%s' was taken", wrong[i]);
		assert_non_null(strstr(err.text, "--userns "));
		assert_null(strstr(err.text, "(null)"));
	}
}

static int release(void **state)
{
	(void)state;
	arena_release(&config.arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_own_id_stands_among_the_subids),
		cmocka_unit_test(several_ranges_are_as_one),
		cmocka_unit_test(an_own_id_beyond_the_subids_leaves_a_gap),
		cmocka_unit_test(without_subids_there_is_the_own_id_alone),
		cmocka_unit_test(other_numbers_are_taken),
		cmocka_unit_test(a_size_is_that_of_the_whole_map),
		cmocka_unit_test(root_keeps_its_map),
		cmocka_unit_test(what_is_not_of_the_form_is_refused),
	};

	return cmocka_run_group_tests_name("spec_keep_id", tests, NULL, release);
}
