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

/* @value may be NULL. */
static void assert_datum(const struct mount_options *options, size_t index, const char *key,
			 const char *value)
{
	const struct mount_datum *datum = &options->data.items[index];

	assert_true(index < options->data.count);
	assert_string_equal(datum->key, key);
	assert_int_equal(datum->value != NULL, value != NULL);
	if (value)
		assert_string_equal(datum->value, value);
}

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
	assert_datum(&options, 0, "mode", "755");
	assert_datum(&options, 1, "Z", NULL);
	assert_datum(&options, 2, "size", "64k");
	assert_int_equal(options.data.items[0].place, 0);
	assert_int_equal(options.data.items[2].place, 3);
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
	assert_datum(&options, 0, "mode", "0620");
	assert_datum(&options, 1, "context", "system_u:object_r:t:s0:c1,c2");
	assert_datum(&options, 2, "lowerdir", "/a\\,b:/c");
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
	assert_int_equal(options.super.set | options.super.clear, 0);
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
	assert_int_equal(options.propagations.items[0], MOUNT_RSLAVE);
	assert_int_equal(options.propagations.items[1], MOUNT_SHARED);
}

static void propagations_are_flags_of_the_kernel(void **state)
{
	(void)state;
	assert_int_equal(mount_propagation_flag(MOUNT_PROPAGATION_NONE), 0);
	assert_int_equal(mount_propagation_flag(MOUNT_SHARED), MS_SHARED);
	assert_int_equal(mount_propagation_flag(MOUNT_RSLAVE), MS_SLAVE);
	assert_int_equal(mount_propagation_flag(MOUNT_RPRIVATE), MS_PRIVATE);
	assert_int_equal(mount_propagation_flag(MOUNT_UNBINDABLE), MS_UNBINDABLE);
	assert_false(mount_propagation_is_recursive(MOUNT_UNBINDABLE));
	assert_true(mount_propagation_is_recursive(MOUNT_RSHARED));
	assert_null(mount_propagation_word(MOUNT_PROPAGATION_NONE));
	assert_string_equal(mount_propagation_word(MOUNT_RUNBINDABLE), "runbindable");
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
	options = PARSE("rbind", "no-dereference");
	assert_int_equal(options.traits,
			 MOUNT_TRAIT_BIND | MOUNT_TRAIT_RECURSIVE | MOUNT_TRAIT_COPY_SYMLINK);
}

static void superblock_flags_have_fsconfig_names(void **state)
{
	struct mount_options options =
		PARSE("sync", "lazytime", "nomand", "dirsync", "async", "mand", "nolazytime");

	(void)state;
	/* The later of two wins. */
	assert_int_equal(options.super.set, MS_DIRSYNC | MS_MANDLOCK);
	assert_int_equal(options.super.clear, MS_SYNCHRONOUS | MS_LAZYTIME);
	assert_string_equal(mount_super_word(&options.super, 0), "async");
	assert_string_equal(mount_super_word(&options.super, 1), "dirsync");
	assert_string_equal(mount_super_word(&options.super, 2), "mand");
	assert_string_equal(mount_super_word(&options.super, 3), "nolazytime");
	assert_null(mount_super_word(&options.super, 4));
}

static void idmap_with_mappings_has_ranges(void **state)
{
	struct mount_options options = PARSE("idmap=uids=0-1-2#7-8-9;gids=@3-4-5");

	(void)state;
	assert_int_equal(options.traits, MOUNT_TRAIT_IDMAP);
	assert_int_equal(options.data.count, 0);
	assert_null(options.idmap->problem);
	assert_int_equal(options.idmap->uids.count, 2);
	assert_int_equal(options.idmap->uids.items[1].inner, 7);
	assert_int_equal(options.idmap->uids.items[1].outer, 8);
	assert_int_equal(options.idmap->uids.items[1].count, 9);
	assert_false(options.idmap->uids.items[1].relative);
	assert_int_equal(options.idmap->gids.count, 1);
	assert_true(options.idmap->gids.items[0].relative);
	options = PARSE("idmap=uids=0-1");
	assert_non_null(strstr(options.idmap->problem, "three numbers"));
}

/* What is behind config.json's "options" after these were read and written. */
static const char *written(const char *const *texts)
{
	struct mount_options options = parse(texts);
	struct str_list words;
	char *line = arena_str(&arena, "");

	mount_options_words(&options, &arena, &words);
	for (size_t i = 0; i < words.count; i++)
		line = arena_strf(&arena, "%s%s%s", line, i ? " " : "", words.items[i]);
	return line;
}

#define WRITTEN(...) written((const char *const[]){ __VA_ARGS__, NULL })

static void options_become_words_again(void **state)
{
	(void)state;
	assert_string_equal(WRITTEN("nosuid", "strictatime", "mode=755", "size=65536k"),
			    "nosuid strictatime mode=755 size=65536k");
	assert_string_equal(WRITTEN("ro", "rbind", "rprivate", "nosuid", "U"),
			    "rbind nosuid ro U rprivate");
	assert_string_equal(WRITTEN("bind", "ro,rw", "rrelatime", "rslave", "shared"),
			    "bind rw rrelatime rslave shared");
	assert_string_equal(WRITTEN("ridmap"), "ridmap");
	assert_string_equal(WRITTEN("idmap", "remount"), "remount idmap");
	assert_string_equal(WRITTEN("idmap=uids=0-1-2;gids=0-1-2"), "idmap=uids=0-1-2;gids=0-1-2");
	assert_string_equal(WRITTEN("ridmap", "idmap=nonsense"), "ridmap idmap=nonsense");
	assert_string_equal(WRITTEN("async", "iversion", "nofail"), "iversion nofail async");
	assert_string_equal(WRITTEN("defaults", "silent", "", ","), "");
}

/* A datum that would be another option, or several, is between quotes. */
static void data_become_words_that_are_read_the_same(void **state)
{
	static const char *const words[] = {
		"\"context=a:b,c\"", "\"ro\"", "\"idmap=x\"", "\"\"",  "lowerdir=/a\\,b:/c",
		"\"a,b=c,\\\"",	     "k=",     "=v",	      "a=b=c",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct mount_options first = PARSE(words[i]);
		const char *again = WRITTEN(words[i]);
		struct mount_options second = PARSE(again);

		assert_string_equal(again, words[i]);
		assert_int_equal(first.data.count, 1);
		assert_int_equal(second.data.count, 1);
		assert_datum(&second, 0, first.data.items[0].key, first.data.items[0].value);
		assert_int_equal(second.traits | second.top.set, 0);
	}
}

static void every_known_option_is_written_and_read_the_same(void **state)
{
	struct str_list names;

	(void)state;
	mount_option_names(&arena, &names);
	for (size_t i = 0; i < names.count; i++) {
		struct mount_options first = PARSE(names.items[i]), second;
		struct str_list words;

		mount_options_words(&first, &arena, &words);
		mount_options_parse(&words, &arena, &second);
		assert_int_equal(first.traits, second.traits);
		assert_memory_equal(&first.top, &second.top, sizeof(first.top));
		assert_memory_equal(&first.tree, &second.tree, sizeof(first.tree));
		assert_memory_equal(&first.super, &second.super, sizeof(first.super));
		assert_int_equal(first.propagations.count, second.propagations.count);
		if (first.propagations.count)
			assert_int_equal(first.propagations.items[0], second.propagations.items[0]);
		assert_int_equal(second.data.count, 0);
	}
}

static void further_options_win_over_the_first(void **state)
{
	struct mount_options options = PARSE("ro", "mode=1777", "rslave");

	(void)state;
	mount_options_add(&options, &arena, "rw,mode=0700,,shared");
	assert_int_equal(options.top.set, 0);
	assert_int_equal(options.top.clear, MOUNT_ATTR_RDONLY);
	assert_int_equal(options.data.count, 2);
	assert_datum(&options, 0, "mode", "1777");
	assert_datum(&options, 1, "mode", "0700");
	assert_int_equal(options.propagations.count, 2);
	assert_int_equal(options.propagations.items[1], MOUNT_SHARED);
}

static void data_with_ids_are_numbers(void **state)
{
	struct mount_options options = PARSE("uid=7", "gid=8", "gid=x", "mode=9", "uid");
	bool group;
	uint32_t id;

	(void)state;
	assert_true(mount_datum_id(&options.data.items[0], &group, &id));
	assert_false(group);
	assert_int_equal(id, 7);
	assert_true(mount_datum_id(&options.data.items[1], &group, &id));
	assert_true(group);
	assert_int_equal(id, 8);
	for (size_t i = 2; i < options.data.count; i++)
		assert_false(mount_datum_id(&options.data.items[i], &group, &id));
}

static void a_new_mount_has_the_attributes_of_both_words(void **state)
{
	struct mount_options options = PARSE("ro", "nosuid", "rrw", "rnoexec");

	(void)state;
	assert_int_equal(mount_options_attrs(&options), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	options = PARSE("rw", "rro");
	assert_int_equal(mount_options_attrs(&options), MOUNT_ATTR_RDONLY);
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
	assert_string_equal(mount_attr_word(MOUNT_ATTR_NOSUID), "nosuid");
	assert_string_equal(mount_attr_word(MOUNT_ATTR_RDONLY), "ro");
	assert_string_equal(mount_attr_word(MOUNT_ATTR_NOSYMFOLLOW), "nosymfollow");
	assert_null(mount_attr_word(1ull << 40));
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
		cmocka_unit_test_teardown(propagations_are_flags_of_the_kernel, teardown),
		cmocka_unit_test_teardown(idmap_with_mappings_has_ranges, teardown),
		cmocka_unit_test_teardown(options_become_words_again, teardown),
		cmocka_unit_test_teardown(data_become_words_that_are_read_the_same, teardown),
		cmocka_unit_test_teardown(every_known_option_is_written_and_read_the_same,
					  teardown),
		cmocka_unit_test_teardown(further_options_win_over_the_first, teardown),
		cmocka_unit_test_teardown(data_with_ids_are_numbers, teardown),
		cmocka_unit_test_teardown(a_new_mount_has_the_attributes_of_both_words, teardown),
		cmocka_unit_test_teardown(printing_tells_all, teardown),
		cmocka_unit_test_teardown(attributes_have_names, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
