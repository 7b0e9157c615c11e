// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/passwd.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "broken line\n"
			     "www-data:x:33:34:www:/var/www:/usr/sbin/nologin\n"
			     "second:x:33:99::/:/bin/sh\n"
			     "44:x:45:46::/:/bin/sh\n";
static const char group[] = "root:x:0:\n"
			    "www-data:x:34:www-data\n"
			    "ssl-cert:x:101:ann,www-data\n"
			    "adm:x:4:ann\n"
			    "backup:x:102:www-data";

static struct arena arena;
static struct passwd_user user;
static struct error err;

static int setup(void **state)
{
	(void)state;
	user = (struct passwd_user){ .uid = 7777 };
	err = ERROR_NONE;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static void assert_user(const char *text, uint32_t uid, uint32_t gid, size_t groups)
{
	if (passwd_find_user(passwd, group, text, &arena, &user, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	assert_int_equal(user.uid, uid);
	assert_int_equal(user.gid, gid);
	assert_int_equal(user.group_count, groups);
}

static void a_name_and_its_number_are_one_user(void **state)
{
	(void)state;
	assert_user("www-data", 33, 34, 2);
	assert_int_equal(user.groups[0], 101);
	assert_int_equal(user.groups[1], 102);
	assert_user("33", 33, 34, 2);
	assert_true(user.found);
	assert_user("0", 0, 0, 0);
	/* A name that looks like a number is a name. */
	assert_user("44", 45, 46, 0);
}

static void a_number_that_is_nobody_has_group_0(void **state)
{
	(void)state;
	assert_user("1234", 1234, 0, 0);
	assert_false(user.found);
}

/* What a Dockerfile's USER $UID:$GID becomes without a value of GID. */
static void an_empty_group_is_none(void **state)
{
	(void)state;
	assert_user("33:", 33, 34, 2);
	assert_user("www-data:", 33, 34, 2);
	assert_user("1234:", 1234, 0, 0);
	assert_int_equal(passwd_find_user(passwd, group, ":33", &arena, &user, &err), -1);
	assert_int_equal(passwd_find_user(passwd, group, ":", &arena, &user, &err), -1);
}

static void a_group_that_is_given_is_the_only_one(void **state)
{
	(void)state;
	assert_user("33:0", 33, 0, 0);
	assert_user("www-data:adm", 33, 4, 0);
	assert_user("1234:4321", 1234, 4321, 0);
}

static void what_is_not_there_is_named(void **state)
{
	(void)state;
	assert_int_equal(passwd_find_user(passwd, group, "bob", &arena, &user, &err), -1);
	assert_string_equal(err.text, "user 'bob' is not found in the container's /etc/passwd");
	assert_int_equal(passwd_find_user(passwd, group, "33:bobs", &arena, &user, &err), -1);
	assert_string_equal(err.text, "group 'bobs' is not found in the container's /etc/group");
	for (size_t i = 0; i < 4; i++) {
		static const char *const wrong[] = { "", "-1", "4294967295", " 33" };

		assert_int_equal(passwd_find_user(passwd, group, wrong[i], &arena, &user, &err),
				 -1);
	}
	assert_int_equal(user.uid, 7777);
}

static void assert_merged(const char *file, const char *lines, const char *expected)
{
	autostrbuf struct strbuf out = { 0 };

	passwd_merge(file, lines, &out);
	assert_string_equal(out.bytes, expected);
}

static void a_line_is_added_once(void **state)
{
	static const char ann[] = "ann:*:1000:1000:Ann:/home/ann:/bin/sh";
	static const char ended[] = "ann:*:1000:1000:Ann:/home/ann:/bin/sh\n";
	static const char node[] = "node:x:1000:1000::/home/node:/bin/sh\n";

	(void)state;
	assert_merged("", "", "");
	assert_merged("", ann, ended);
	assert_merged("a:*:1:1:::\n", ann, "a:*:1:1:::\nann:*:1000:1000:Ann:/home/ann:/bin/sh\n");
	assert_merged(ended, ann, ended);
	assert_merged(ann, ann, ann);
	/* The file's own user of that id stays the only one. */
	assert_merged(node, ann, node);
	/* Without a line end the last line would become another. */
	assert_merged("a:*:1:1:::", ann, "a:*:1:1:::\nann:*:1000:1000:Ann:/home/ann:/bin/sh\n");
	assert_merged("\n\nx\n", "a:*:1:1:::\nnothing\n\n:*:5:5\nb:*:2:2:::",
		      "\n\nx\na:*:1:1:::\nb:*:2:2:::\n");
}

static void an_earlier_line_of_ours_follows(void **state)
{
	static const char now[] = "ann:*:1000:1000:Ann:/home/ann:/bin/bash";

	(void)state;
	assert_merged("a:*:1:1:::\nann:*:1000:1000:Ann:/:/bin/sh\nb:x:2:2:::\n", now,
		      "a:*:1:1:::\nann:*:1000:1000:Ann:/home/ann:/bin/bash\nb:x:2:2:::\n");
	assert_merged("ann:*:1000:1000:Ann:/:/bin/sh", now, now);
	/* The line gets the new number, unless another user has it. */
	assert_merged("ann:*:5:6:Ann:/:/bin/sh\nb:x:2:2:::\n", now,
		      "ann:*:1000:1000:Ann:/home/ann:/bin/bash\nb:x:2:2:::\n");
	assert_merged("ann:*:5:6:Ann:/:/bin/sh\nb:x:1000:2:::\n", now,
		      "ann:*:5:6:Ann:/:/bin/sh\nb:x:1000:2:::\n");
	assert_merged("ann:*:5:\nb:x:2:\n", "ann:*:1000:", "ann:*:1000:\nb:x:2:\n");
	assert_merged("ann:*:5:bob\n", "ann:*:1000:", "ann:*:5:bob\n1000:*:1000:\n");
	/* A line with a password, or with another comment, was changed by a user, and stays. */
	assert_merged("ann:x:1000:1000:Ann:/:/bin/sh\n", now, "ann:x:1000:1000:Ann:/:/bin/sh\n");
	assert_merged("ann:*:1000:1000:Me:/:/bin/sh\n", now, "ann:*:1000:1000:Me:/:/bin/sh\n");
	assert_merged("bob:*:1000:1000:Ann:/:/bin/sh\n", now, "bob:*:1000:1000:Ann:/:/bin/sh\n");
	assert_merged("ann:*:1000:1000\n", now, "ann:*:1000:1000\n");
}

static void a_name_that_is_taken_becomes_the_number(void **state)
{
	(void)state;
	assert_merged("ann:x:5:5::/:/bin/sh\n", "ann:*:1000:1000::/:/bin/sh",
		      "ann:x:5:5::/:/bin/sh\n1000:*:1000:1000::/:/bin/sh\n");
	assert_merged("adm:x:4:", "adm:x:1000:", "adm:x:4:\n1000:x:1000:\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void a_number_that_we_gave_as_a_name_makes_room_for_a_name(void **state)
{
	(void)state;
	assert_merged("root:x:0:0::/:/bin/sh\n1000:*:1000:0:container user:/:/bin/sh\n",
		      "ann:*:1000:1000:Ann:/:/bin/sh\n",
		      "root:x:0:0::/:/bin/sh\nann:*:1000:1000:Ann:/:/bin/sh\n");
	assert_merged("1000:*:1000:\n", "ann:*:1000:\n", "ann:*:1000:\n");
	/* Another group's lines stay. */
	assert_merged("1000:x:1000:\n", "ann:*:1000:\n", "1000:x:1000:\n");
	assert_merged("1001:*:1000:\n", "ann:*:1000:\n", "1001:*:1000:\n");
	/* The name belongs to another group. */
	assert_merged("ann:x:5:\n1000:*:1000:\n", "ann:*:1000:\n", "ann:x:5:\n1000:*:1000:\n");
	/* Several lines. */
	assert_merged("1000:*:1000:\n7:*:7:\n", "bob:*:7:\nann:*:1000:\n",
		      "bob:*:7:\nann:*:1000:\n");
	/* Our line for another id has the name. */
	assert_merged("ann:*:5:\n1000:*:1000:\nb:x:2:", "ann:*:1000:\n", "ann:*:1000:\nb:x:2:");
	/* The name is a number again. */
	assert_merged("1000:*:1000:\n", "1000:*:1000:\n", "1000:*:1000:\n");
}

static void an_entry_is_a_line_with_a_name_and_an_id(void **state)
{
	static const char text[] = ":x:1:1::/:/bin/sh\n"
				   "noid:x::1::/:/bin/sh\n"
				   "minusone:x:4294967295:1::/:/bin/sh\n"
				   "signed:x:+1:1::/:/bin/sh\n"
				   "short:x:1\n"
				   "long:x:1:2:c:/h:/s:more:and:more";
	struct span rest = { text, sizeof(text) - 1 };
	struct passwd_entry entry;

	(void)state;
	assert_true(passwd_next(&rest, &entry));
	assert_true(span_is(entry.line, "short:x:1"));
	assert_int_equal(entry.field_count, 3);
	assert_true(span_is(entry.fields[PASSWD_GID], ""));
	assert_true(passwd_next(&rest, &entry));
	assert_true(span_is(entry.fields[PASSWD_NAME], "long"));
	assert_true(span_is(entry.fields[PASSWD_HOME], "/h"));
	assert_true(span_is(entry.fields[PASSWD_SHELL], "/s"));
	assert_int_equal(entry.field_count, 10);
	assert_false(passwd_next(&rest, &entry));
}

static void of_two_lines_with_an_id_the_first_counts(void **state)
{
	struct span file = { passwd, sizeof(passwd) - 1 };
	struct passwd_entry entry;

	(void)state;
	assert_true(passwd_find(file, 33, &entry));
	assert_true(span_is(entry.fields[PASSWD_NAME], "www-data"));
	assert_false(passwd_find(file, 34, &entry));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_is_a_line_with_a_name_and_an_id),
		cmocka_unit_test(of_two_lines_with_an_id_the_first_counts),
		TEST(a_name_and_its_number_are_one_user),
		TEST(a_number_that_is_nobody_has_group_0),
		TEST(an_empty_group_is_none),
		TEST(a_group_that_is_given_is_the_only_one),
		TEST(what_is_not_there_is_named),
		TEST(a_line_is_added_once),
		TEST(an_earlier_line_of_ours_follows),
		TEST(a_number_that_we_gave_as_a_name_makes_room_for_a_name),
		TEST(a_name_that_is_taken_becomes_the_number),
	};

	return cmocka_run_group_tests_name("passwd", tests, NULL, NULL);
}
