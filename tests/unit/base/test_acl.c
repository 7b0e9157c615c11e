// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "core/base/acl.h"

/*
 * The form of linux/posix_acl_xattr.h: version 2, then tag, permissions and id of each entry,
 * little-endian.
 */
#define VERSION		      2, 0, 0, 0
#define NO_ID		      0xff, 0xff, 0xff, 0xff
#define ENTRY(tag, perm, ...) tag, 0, perm, 0, __VA_ARGS__
#define USER_OBJ	      0x01
#define USER		      0x02
#define GROUP_OBJ	      0x04
#define MASK		      0x10
#define OTHER		      0x20

static void test_a_file_without_a_list_gets_one(void **state)
{
	static const unsigned char wanted[] = {
		VERSION,
		ENTRY(USER_OBJ, 6, NO_ID),
		ENTRY(USER, 2, 0xe8, 3, 0, 0),
		ENTRY(GROUP_OBJ, 4, NO_ID),
		ENTRY(MASK, 6, NO_ID),
		ENTRY(OTHER, 0, NO_ID),
	};
	unsigned char got[ACL_SIZE_MAX];

	(void)state;
	assert_int_equal(acl_add_user(NULL, 0, 0100640, 1000, 2, got), sizeof(wanted));
	assert_memory_equal(got, wanted, sizeof(wanted));
}

static void test_an_entry_is_added_in_its_order(void **state)
{
	static const unsigned char given[] = {
		VERSION,
		ENTRY(USER_OBJ, 6, NO_ID),
		ENTRY(USER, 4, 10, 0, 0, 0),
		ENTRY(USER, 6, 30, 0, 0, 0),
		ENTRY(GROUP_OBJ, 0, NO_ID),
		ENTRY(MASK, 6, NO_ID),
		ENTRY(OTHER, 0, NO_ID),
	};
	static const unsigned char wanted[] = {
		VERSION,
		ENTRY(USER_OBJ, 6, NO_ID),
		ENTRY(USER, 4, 10, 0, 0, 0),
		ENTRY(USER, 6, 20, 0, 0, 0),
		ENTRY(USER, 6, 30, 0, 0, 0),
		ENTRY(GROUP_OBJ, 0, NO_ID),
		ENTRY(MASK, 6, NO_ID),
		ENTRY(OTHER, 0, NO_ID),
	};
	unsigned char got[ACL_SIZE_MAX];

	(void)state;
	assert_int_equal(acl_add_user(given, sizeof(given), 0, 20, 6, got), sizeof(wanted));
	assert_memory_equal(got, wanted, sizeof(wanted));
	/* An entry that exists already gets the permissions, and there is no second one. */
	assert_int_equal(acl_add_user(given, sizeof(given), 0, 10, 2, got), sizeof(given));
	assert_int_equal(got[14], 6);
}

static void test_a_mask_is_not_widened(void **state)
{
	static const unsigned char given[] = {
		VERSION,
		ENTRY(USER_OBJ, 6, NO_ID),
		ENTRY(USER, 6, 10, 0, 0, 0),
		ENTRY(GROUP_OBJ, 4, NO_ID),
		ENTRY(MASK, 4, NO_ID),
		ENTRY(OTHER, 0, NO_ID),
	};
	unsigned char got[ACL_SIZE_MAX];

	(void)state;
	assert_int_equal(acl_add_user(given, sizeof(given), 0, 20, 2, got), -EPERM);
	assert_true(acl_add_user(given, sizeof(given), 0, 20, 4, got) > 0);
}

static void test_what_is_no_list_is_refused(void **state)
{
	static const unsigned char version_1[] = { 1, 0, 0, 0 };
	static const unsigned char cut[] = { VERSION, ENTRY(USER_OBJ, 6, NO_ID), 1 };
	static const unsigned char no_group[] = { VERSION, ENTRY(USER_OBJ, 6, NO_ID) };
	unsigned char many[4 + 8 * 32] = { VERSION };
	unsigned char got[ACL_SIZE_MAX];

	(void)state;
	assert_int_equal(acl_add_user(version_1, sizeof(version_1), 0, 1, 4, got), -EINVAL);
	assert_int_equal(acl_add_user(cut, sizeof(cut), 0, 1, 4, got), -EINVAL);
	assert_int_equal(acl_add_user(no_group, sizeof(no_group), 0, 1, 4, got), -EINVAL);
	assert_int_equal(acl_add_user(many, 3, 0, 1, 4, got), -EINVAL);
	assert_int_equal(acl_add_user(many, sizeof(many), 0, 1, 4, got), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_file_without_a_list_gets_one),
		cmocka_unit_test(test_an_entry_is_added_in_its_order),
		cmocka_unit_test(test_a_mask_is_not_widened),
		cmocka_unit_test(test_what_is_no_list_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
