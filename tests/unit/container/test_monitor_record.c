// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/fd.h"
#include "core/container/monitor_record.h"
#include "tests/unit/base/scratch.h"

static char began[] = "2026-01-02T03:04:05.000000006Z", other[] = "2026-01-02T03:04:05.000000007Z";
static char root[] = "/run/\xff", variable[] = "PATH=/bin\n:\xfe";

static void test_a_record_is_read_as_it_was_written(void **state)
{
	autoclose int dir = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1;
	const struct state_dir where = { .fd = dir, .root_fd = -1 };
	struct container_state run = { .began = began };
	char *variables[] = { variable };
	struct monitor_record record = { .began = began,
					 .root = root,
					 .log_size = { true, 12345 },
					 .removes = true,
					 .environment = { variables, 1 },
					 .deadline_ns = { true, 7 } };
	struct monitor_record read;
	struct stat st;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	monitor_record_pipe(ends[0], &record.stdout_device, &record.stdout_inode);
	monitor_record_pipe(-1, &record.stderr_device, &record.stderr_inode);
	monitor_record_pipe(dir, &record.stderr_device, &record.stderr_inode);
	assert_int_equal(fstat(ends[1], &st), 0);
	fd = openat(dir, STATE_FILE_MONITOR, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	/* An older urun wrote nothing. */
	assert_int_equal(monitor_record_read(&where, &run, &read), 0);
	/* What a run before has left is longer. */
	record.removes = false;
	variable[0] = 'p';
	assert_int_equal(monitor_record_write(fd, &record), 0);
	record.environment.count = 0;
	assert_int_equal(monitor_record_write(fd, &record), 0);
	record.environment.count = 1;
	record.removes = true;
	assert_int_equal(monitor_record_write(fd, &record), 0);
	assert_int_equal(monitor_record_read(&where, &run, &read), 1);
	assert_string_equal(read.root, root);
	assert_int_equal(read.log_size.value, 12345);
	assert_true(read.removes);
	assert_int_equal(read.environment.count, 1);
	assert_string_equal(read.environment.items[0], variable);
	assert_int_equal(read.deadline_ns.value, 7);
	assert_true(read.stdout_device.value == st.st_dev && read.stdout_inode.value == st.st_ino);
	assert_false(read.stderr_inode.set);
	monitor_record_release(&read);
	/* Another run of the same container. */
	run.began = other;
	assert_int_equal(monitor_record_read(&where, &run, &read), 0);
	/* A text that a kill has cut short. */
	run.began = began;
	assert_int_equal(ftruncate(fd, 20), 0);
	assert_int_equal(monitor_record_read(&where, &run, &read), 0);
	assert_int_equal(unlinkat(dir, STATE_FILE_MONITOR, 0), 0);
	assert_int_equal(monitor_record_read(&where, &run, &read), 0);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_record_is_read_as_it_was_written,
						make_scratch, remove_scratch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
