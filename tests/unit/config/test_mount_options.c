// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sys/mount.h>

#include "core/base/str.h"
#include "core/config/mount_options.h"

static struct arena arena;

static int teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

/* @texts ends with NULL. */
static struct mount_options parse(const char *const *texts)
{
	char *items[128];
	struct str_list list = { items, 0 };
	struct mount_options options;

	for (; texts[list.count]; list.count++)
		items[list.count] = arena_str(&arena, texts[list.count]);
	mount_options_parse(&list, &arena, &options);
	return options;
}

#define PARSE(...) parse((const char *const[]){ __VA_ARGS__, NULL })

static void every_option_of_the_spec_is_known(void **state)
{
	/* Source: OCI runtime-spec 1.3, config.md, the tables of "Linux mount options". */
	static const char *const names[] = {
		"async",
		"atime",
		"bind",
		"defaults",
		"dev",
		"diratime",
		"dirsync",
		"exec",
		"iversion",
		"lazytime",
		"loud",
		"mand",
		"noatime",
		"nodev",
		"nodiratime",
		"noexec",
		"noiversion",
		"nolazytime",
		"nomand",
		"norelatime",
		"nostrictatime",
		"nosuid",
		"nosymfollow",
		"private",
		"ratime",
		"rbind",
		"rdev",
		"rdiratime",
		"relatime",
		"remount",
		"rexec",
		"rnoatime",
		"rnodev",
		"rnodiratime",
		"rnoexec",
		"rnorelatime",
		"rnostrictatime",
		"rnosuid",
		"rnosymfollow",
		"ro",
		"rprivate",
		"rrelatime",
		"rro",
		"rrw",
		"rshared",
		"rslave",
		"rstrictatime",
		"rsuid",
		"rsymfollow",
		"runbindable",
		"rw",
		"shared",
		"silent",
		"slave",
		"strictatime",
		"suid",
		"symfollow",
		"sync",
		"tmpcopyup",
		"unbindable",
		"idmap",
		"ridmap",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct mount_options options = PARSE(names[i]);

		if (options.data.count)
			fail_msg("%s is taken for data", names[i]);
	}
}

static void unknown_options_are_data_in_their_order(void **state)
{
	struct mount_options options = PARSE("mode=755", "ro", "Z", "size=64k");

	(void)state;
	assert_int_equal(options.data.count, 3);
	assert_string_equal(options.data.items[0], "mode=755");
	assert_string_equal(options.data.items[1], "Z");
	assert_string_equal(options.data.items[2], "size=64k");
	assert_int_equal(options.top.set, MOUNT_ATTR_RDONLY);
}

static void names_that_only_begin_alike_are_data(void **state)
{
	struct mount_options options = PARSE("bin", "binds", "RO", "ro ", "idmapx");

	(void)state;
	assert_int_equal(options.data.count, 5);
	assert_int_equal(options.traits, 0);
	assert_int_equal(options.top.set, 0);
}

static void one_string_may_hold_several_options(void **state)
{
	struct mount_options options =
		PARSE("nosuid,mode=0620,,ro", "context=\"system_u:object_r:t:s0:c1,c2\",nodev",
		      "lowerdir=/a\\,b:/c");

	(void)state;
	assert_int_equal(options.top.set, MOUNT_ATTR_NOSUID | MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV);
	assert_int_equal(options.data.count, 3);
	assert_string_equal(options.data.items[0], "mode=0620");
	assert_string_equal(options.data.items[1], "context=system_u:object_r:t:s0:c1,c2");
	assert_string_equal(options.data.items[2], "lowerdir=/a\\,b:/c");
}

static void the_later_option_wins(void **state)
{
	struct mount_options options = PARSE("ro", "nosuid", "rw");

	(void)state;
	assert_int_equal(options.top.set, MOUNT_ATTR_NOSUID);
	assert_int_equal(options.top.clear, MOUNT_ATTR_RDONLY);
	options = PARSE("exec", "noexec");
	assert_int_equal(options.top.set, MOUNT_ATTR_NOEXEC);
	assert_int_equal(options.top.clear, 0);
}

static void what_is_not_asked_for_is_not_touched(void **state)
{
	struct mount_options options = PARSE("defaults", "silent", "loud", "norelatime");

	(void)state;
	assert_int_equal(options.top.set | options.top.clear, 0);
	assert_int_equal(options.tree.set | options.tree.clear, 0);
	assert_int_equal(options.traits, 0);
	assert_int_equal(options.super.count, 0);
}

/*
 * Source: mount_setattr(2): attr_clr must have all of MOUNT_ATTR__ATIME when the atime mode
 * changes.
 */
static void an_atime_mode_is_cleared_before_it_is_set(void **state)
{
	struct mount_options options = PARSE("noatime");

	(void)state;
	assert_int_equal(options.top.clear, MOUNT_ATTR__ATIME);
	assert_int_equal(options.top.set, MOUNT_ATTR_NOATIME);
	options = PARSE("noatime", "strictatime", "nodiratime");
	assert_int_equal(options.top.clear, MOUNT_ATTR__ATIME);
	assert_int_equal(options.top.set, MOUNT_ATTR_STRICTATIME | MOUNT_ATTR_NODIRATIME);
	options = PARSE("strictatime", "relatime");
	assert_int_equal(options.top.clear, MOUNT_ATTR__ATIME);
	assert_int_equal(options.top.set, 0);
}

static void an_atime_mode_is_undone_by_its_own_opposite_only(void **state)
{
	struct mount_options options = PARSE("strictatime", "atime");

	(void)state;
	assert_int_equal(options.top.set, MOUNT_ATTR_STRICTATIME);
	options = PARSE("noatime", "atime");
	assert_int_equal(options.top.set, 0);
	assert_int_equal(options.top.clear, MOUNT_ATTR__ATIME);
	options = PARSE("noatime", "norelatime");
	assert_int_equal(options.top.set, MOUNT_ATTR_NOATIME);
}

static void recursive_options_are_kept_apart(void **state)
{
	struct mount_options options = PARSE("rro", "rexec", "nosuid", "rnoatime");

	(void)state;
	assert_int_equal(options.top.set, MOUNT_ATTR_NOSUID);
	assert_int_equal(options.top.clear, 0);
	assert_int_equal(options.tree.set, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOATIME);
	assert_int_equal(options.tree.clear, MOUNT_ATTR_NOEXEC | MOUNT_ATTR__ATIME);
}

static void propagations_keep_their_order(void **state)
{
	struct mount_options options = PARSE("rslave", "shared");

	(void)state;
	assert_int_equal(options.propagations.count, 2);
	assert_int_equal(options.propagations.items[0], MS_SLAVE | MS_REC);
	assert_int_equal(options.propagations.items[1], MS_SHARED);
}

static void traits_add_up(void **state)
{
	struct mount_options options = PARSE("rbind", "ridmap", "tmpcopyup", "iversion");

	(void)state;
	assert_int_equal(options.traits, MOUNT_TRAIT_BIND | MOUNT_TRAIT_RECURSIVE |
						 MOUNT_TRAIT_IDMAP | MOUNT_TRAIT_IDMAP_RECURSIVE |
						 MOUNT_TRAIT_COPY_UP | MOUNT_TRAIT_IVERSION);
	options = PARSE("iversion", "noiversion", "copy-symlink", "src-nofollow", "dest-nofollow");
	assert_int_equal(options.traits, MOUNT_TRAIT_COPY_SYMLINK | MOUNT_TRAIT_SRC_NOFOLLOW |
						 MOUNT_TRAIT_DEST_NOFOLLOW);
}

static void superblock_flags_have_fsconfig_names(void **state)
{
	struct mount_options options =
		PARSE("sync", "lazytime", "nomand", "dirsync", "async", "mand", "nolazytime");

	(void)state;
	assert_int_equal(options.super.count, 7);
	assert_string_equal(options.super.items[0], "sync");
	assert_string_equal(options.super.items[6], "nolazytime");
}

static void idmap_with_mappings_keeps_its_text(void **state)
{
	struct mount_options options = PARSE("idmap=uids=0-1-2;gids=0-1-2");

	(void)state;
	assert_int_equal(options.traits, MOUNT_TRAIT_IDMAP);
	assert_string_equal(options.idmap, "uids=0-1-2;gids=0-1-2");
	assert_int_equal(options.data.count, 0);
}

static void printing_tells_all(void **state)
{
	autostrbuf struct strbuf text = { 0 };
	struct mount_options options =
		PARSE("ro", "nosuid", "rslave", "mode=755", "rnoexec", "sync");

	(void)state;
	mount_options_print(&options, &text);
	assert_string_equal(text.bytes, "nosuid,rnoexec,ro,rslave,sync,mode=755");
}

static void attributes_have_names(void **state)
{
	(void)state;
	assert_string_equal(mount_attr_name(MOUNT_ATTR_NOSUID), "nosuid");
	assert_string_equal(mount_attr_name(MOUNT_ATTR_RDONLY), "ro");
	assert_string_equal(mount_attr_name(MOUNT_ATTR_NOSYMFOLLOW), "nosymfollow");
	assert_null(mount_attr_name(1ull << 40));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(every_option_of_the_spec_is_known, teardown),
		cmocka_unit_test_teardown(unknown_options_are_data_in_their_order, teardown),
		cmocka_unit_test_teardown(names_that_only_begin_alike_are_data, teardown),
		cmocka_unit_test_teardown(one_string_may_hold_several_options, teardown),
		cmocka_unit_test_teardown(the_later_option_wins, teardown),
		cmocka_unit_test_teardown(what_is_not_asked_for_is_not_touched, teardown),
		cmocka_unit_test_teardown(an_atime_mode_is_cleared_before_it_is_set, teardown),
		cmocka_unit_test_teardown(an_atime_mode_is_undone_by_its_own_opposite_only,
					  teardown),
		cmocka_unit_test_teardown(recursive_options_are_kept_apart, teardown),
		cmocka_unit_test_teardown(propagations_keep_their_order, teardown),
		cmocka_unit_test_teardown(traits_add_up, teardown),
		cmocka_unit_test_teardown(superblock_flags_have_fsconfig_names, teardown),
		cmocka_unit_test_teardown(idmap_with_mappings_keeps_its_text, teardown),
		cmocka_unit_test_teardown(printing_tells_all, teardown),
		cmocka_unit_test_teardown(attributes_have_names, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
