// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/file.h"
#include "core/base/str.h"
#include "core/container/again.h"
#include "core/container/ended.h"

struct fixture {
	char *root;
	struct state_dir dir;
	struct error err;
};

/* A stopped container whose program has ended with status 7. */
static int make_stopped_container(void **state)
{
	char template[] = "/tmp/urun-test-again.XXXXXX";
	struct fixture *fixture = mem_alloc(sizeof(*fixture));
	struct ended ended;

	fixture->dir = STATE_DIR_NONE;
	fixture->root = str_dup(mkdtemp(template));
	assert_int_equal(state_dir_create(fixture->root, "c1", &fixture->dir, &fixture->err), 0);
	assert_int_equal(state_set_created(&fixture->dir, &fixture->err), 0);
	ended_make(7 << 8, false, &ended);
	assert_int_equal(ended_write(&fixture->dir, &ended, &fixture->err), 0);
	ended_release(&ended);
	*state = fixture;
	return 0;
}

static int remove_container(void **state)
{
	struct fixture *fixture = *state;
	autofree char *command = str_format("rm -rf '%s'", fixture->root);
	int status = system(command);

	state_dir_close(&fixture->dir);
	free(fixture->root);
	free(fixture);
	return status;
}

static bool has(const struct fixture *fixture, const char *name)
{
	return faccessat(fixture->dir.fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* -1: there is no record. */
static int recorded_status(const struct fixture *fixture)
{
	struct error err = ERROR_NONE;
	struct ended ended = { 0 };
	int found = ended_read(&fixture->dir, &ended, &err);
	int status = found > 0 ? (int)ended.exit_status.value : -1;

	assert_true(found >= 0);
	ended_release(&ended);
	return status;
}

static void assert_is_stopped_one(const struct fixture *fixture, int status)
{
	assert_true(has(fixture, STATE_FILE_CREATED));
	assert_false(has(fixture, STATE_FILE_CREATING));
	assert_false(has(fixture, STATE_FILE_AGAIN));
	assert_int_equal(recorded_status(fixture), status);
}

static void a_run_that_is_cut_short_leaves_the_stopped_container(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(file_create(fixture->dir.fd, STATE_FILE_HOSTS, 0600, "x", 1), 0);
	assert_int_equal(file_create(fixture->dir.fd, STATE_FILE_ORIGIN, 0600, "{}", 2), 0);
	assert_int_equal(again_begin(&fixture->dir, &fixture->err), 0);
	assert_true(has(fixture, STATE_FILE_CREATING));
	assert_int_equal(recorded_status(fixture), -1);
	assert_false(has(fixture, STATE_FILE_HOSTS));
	assert_true(has(fixture, STATE_FILE_ORIGIN));
	assert_int_equal(again_revert(&fixture->dir, &fixture->err), 1);
	assert_is_stopped_one(fixture, 7);
	assert_int_equal(again_revert(&fixture->dir, &fixture->err), 0);
}

/* Killed between the steps of again_begin(), and between those of the revert itself. */
static void every_step_in_between_is_reverted(void **state)
{
	struct fixture *fixture = *state;
	int dir = fixture->dir.fd;

	/* The record has both names, and the mark is the old one. */
	assert_int_equal(linkat(dir, STATE_FILE_ENDED, dir, STATE_FILE_AGAIN, 0), 0);
	assert_int_equal(again_revert(&fixture->dir, &fixture->err), 0);
	assert_int_equal(recorded_status(fixture), 7);
	/* … and the mark is the new one. */
	assert_int_equal(renameat(dir, STATE_FILE_CREATED, dir, STATE_FILE_CREATING), 0);
	assert_int_equal(again_revert(&fixture->dir, &fixture->err), 1);
	assert_is_stopped_one(fixture, 7);
	/* A file that an earlier run has left means nothing to the next one. */
	assert_int_equal(file_create(dir, STATE_FILE_AGAIN, 0600, "old", 3), 0);
	assert_int_equal(again_begin(&fixture->dir, &fixture->err), 0);
	assert_int_equal(again_revert(&fixture->dir, &fixture->err), 1);
	assert_is_stopped_one(fixture, 7);
}

static void a_run_that_was_handed_over_stays(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(again_begin(&fixture->dir, &fixture->err), 0);
	assert_int_equal(state_set_created(&fixture->dir, &fixture->err), 0);
	assert_int_equal(again_revert(&fixture->dir, &fixture->err), 0);
	assert_int_equal(recorded_status(fixture), -1);
	/* A poststart hook can fail after that: then the stopped container comes back. */
	assert_int_equal(again_restore(&fixture->dir, &fixture->err), 1);
	assert_is_stopped_one(fixture, 7);
	assert_int_equal(again_begin(&fixture->dir, &fixture->err), 0);
	assert_int_equal(state_set_created(&fixture->dir, &fixture->err), 0);
	again_done(&fixture->dir);
	assert_is_stopped_one(fixture, -1);
}

static void a_container_without_a_record_has_none_afterwards(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(unlinkat(fixture->dir.fd, STATE_FILE_ENDED, 0), 0);
	assert_int_equal(again_begin(&fixture->dir, &fixture->err), 0);
	assert_int_equal(again_revert(&fixture->dir, &fixture->err), 1);
	assert_is_stopped_one(fixture, -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_stopped_container, remove_container)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_run_that_is_cut_short_leaves_the_stopped_container),
		TEST(every_step_in_between_is_reverted),
		TEST(a_run_that_was_handed_over_stays),
		TEST(a_container_without_a_record_has_none_afterwards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
