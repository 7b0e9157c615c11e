// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/container/ended.h"
#include "core/container/state.h"
#include "tests/unit/base/scratch.h"

static int parse(const char *text, struct ended *ret_ended)
{
	struct error err = ERROR_NONE;

	return ended_parse(text, strlen(text), ret_ended, &err);
}

/* The form that urun-monitor writes, and what waitpid(2) and 128 + signal of the shell say. */
static void a_record_is_read_as_it_was_written(void **state)
{
	struct ended made, read;
	autostrbuf struct strbuf text = { 0 };

	(void)state;
	ended_make(SIGKILL, true, &made);
	ended_print(&made, &text);
	assert_int_equal(parse(text.bytes, &read), 0);
	assert_int_equal(read.exit_status.value, 137);
	assert_int_equal(read.signal.value, 9);
	assert_true(read.oom_killed.value);
	assert_string_equal(read.finished, made.finished);
	ended_release(&made);
	ended_release(&read);
	assert_int_equal(parse("{\"exitStatus\":3,\"oomKilled\":false,"
			       "\"finished\":\"2026-01-01T00:00:00.000000001Z\"}",
			       &read),
			 0);
	assert_int_equal(read.exit_status.value, 3);
	assert_false(read.signal.set);
	assert_false(read.oom_killed.value);
	ended_release(&read);
}

static void a_record_that_cannot_be_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{\"exitStatus\":1}",
		"{\"exitStatus\":256,\"finished\":\"x\"}",
		"{\"exitStatus\":-1,\"finished\":\"x\"}",
		"{\"exitStatus\":\"1\",\"finished\":\"x\"}",
		"{\"exitStatus\":137,\"signal\":65,\"finished\":\"x\"}",
		"{\"exitStatus\":128,\"signal\":0,\"finished\":\"x\"}",
		"{\"exitStatus\":1,\"exitStatus\":2,\"finished\":\"x\"}",
		"{\"exitStatus\":1,\"finished\":\"x\"",
	};
	struct ended read;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(parse(bad[i], &read), -1);
}

static struct container_state state_at(const char *id, const char *began)
{
	return (struct container_state){
		.id = (char *)(uintptr_t)id,
		.created = (char *)(uintptr_t) "2026-01-01T00:00:00.000000000Z",
		.began = (char *)(uintptr_t)began,
	};
}

/* A run of the container @id with this status, which is removed. */
static void run_and_remove(const char *root, const char *id, const char *began, int status)
{
	autostatedir struct state_dir dir = STATE_DIR_NONE;
	struct container_state container = state_at(id, began);
	struct error err = ERROR_NONE;
	struct ended ended;

	assert_int_equal(state_dir_create(root, id, &dir, &err), 0);
	if (status >= 0) {
		ended_make(status << 8, false, &ended);
		assert_int_equal(ended_write(&dir, &ended, &err), 0);
		ended_release(&ended);
	}
	assert_int_equal(ended_keep(&dir, &container, &err), 0);
	assert_int_equal(state_dir_remove(&dir, &err), 0);
}

/* Returns the status of the run; -1: it has none; -2: there is no such run. */
static int status_of(const char *root, const char *id, const char *began)
{
	autoclose int root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct ended ended = { 0 };
	struct error err = ERROR_NONE;
	int found = ended_find(root_fd, id, began, &ended, &err);
	int status = ended.exit_status.set ? (int)ended.exit_status.value : -1;

	assert_true(found >= 0);
	ended_release(&ended);
	return found ? status : -2;
}

#define FIRST  "2026-01-01T00:00:00.000000001Z"
#define SECOND "2026-01-01T00:00:00.000000002Z"
#define THIRD  "2026-01-01T00:00:00.000000003Z"

static void each_run_of_an_id_has_its_own_status(void **state)
{
	char long_id[256];

	memset(long_id, 'x', 255);
	long_id[255] = '\0';
	assert_int_equal(status_of(*state, "c1", NULL), -2);
	run_and_remove(*state, "c1", SECOND, 2);
	run_and_remove(*state, "c1", FIRST, 1);
	run_and_remove(*state, "other", THIRD, 9);
	run_and_remove(*state, long_id, FIRST, 5);
	assert_int_equal(status_of(*state, "c1", NULL), 2);
	assert_int_equal(status_of(*state, "c1", FIRST), 1);
	assert_int_equal(status_of(*state, "c1", SECOND), 2);
	assert_int_equal(status_of(*state, "c1", THIRD), -2);
	assert_int_equal(status_of(*state, long_id, NULL), 5);
	/* A run that nobody waited for hides the runs before it. */
	run_and_remove(*state, "c1", THIRD, -1);
	assert_int_equal(status_of(*state, "c1", NULL), -1);
	assert_int_equal(status_of(*state, "c1", SECOND), 2);
	run_and_remove(*state, "new", THIRD, -1);
	assert_int_equal(status_of(*state, "new", NULL), -2);
}

static int count_records(const char *root)
{
	autofree char *command = str_format("exit $(ls '%s/.ended' 2>/dev/null | wc -l)", root);

	return WEXITSTATUS(system(command));
}

static void old_records_go_and_the_store_with_the_last(void **state)
{
	autoclose int root_fd = open(*state, O_PATH | O_DIRECTORY | O_CLOEXEC);
	autofree char *age =
		str_format("cd '%s/.ended' && touch -d '-301 seconds' *", (char *)*state);
	autofree char *future =
		str_format("cd '%s/.ended' && touch -d '+1 hour' *", (char *)*state);
	autofree char *store = str_format("%s/.ended", (char *)*state);

	run_and_remove(*state, "c1", FIRST, 1);
	ended_sweep(root_fd);
	assert_int_equal(count_records(*state), 1);
	assert_int_equal(system(age), 0);
	run_and_remove(*state, "c2", FIRST, 2);
	assert_int_equal(count_records(*state), 1);
	assert_int_equal(status_of(*state, "c1", NULL), -2);
	assert_int_equal(status_of(*state, "c2", NULL), 2);
	/* The clock was set back. */
	assert_int_equal(system(future), 0);
	ended_sweep(root_fd);
	assert_int_equal(access(store, F_OK), -1);
}

static void a_store_of_others_is_not_read(void **state)
{
	autoclose int root_fd = open(*state, O_PATH | O_DIRECTORY | O_CLOEXEC);
	autofree char *open_up = str_format("chmod 777 '%s/.ended'", (char *)*state);
	struct ended ended;
	struct error err = ERROR_NONE;

	run_and_remove(*state, "c1", FIRST, 1);
	assert_int_equal(system(open_up), 0);
	assert_int_equal(ended_find(root_fd, "c1", NULL, &ended, &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_is_read_as_it_was_written),
		cmocka_unit_test(a_record_that_cannot_be_is_refused),
		cmocka_unit_test_setup_teardown(each_run_of_an_id_has_its_own_status, make_scratch,
						remove_scratch),
		cmocka_unit_test_setup_teardown(old_records_go_and_the_store_with_the_last,
						make_scratch, remove_scratch),
		cmocka_unit_test_setup_teardown(a_store_of_others_is_not_read, make_scratch,
						remove_scratch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
