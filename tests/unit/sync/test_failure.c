// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/fd.h"
#include "core/sync/failure.h"

static char directory[] = "/tmp/urun-test-failure-XXXXXX";

static int open_directory(void)
{
	int fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static int remove_file(void **state)
{
	autoclose int dir = open_directory();

	(void)state;
	return unlinkat(dir, "failed", 0);
}

static void test_without_a_failure_nothing_is_read(void **state)
{
	autoclose int dir = open_directory();
	autoclose int fd = failure_create(dir, "failed");
	struct error err = ERROR_NONE;
	struct stat st;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(failure_read(fd, &err), 0);
	assert_int_equal(failure_create(dir, "failed"), -EEXIST);
}

/* In use the writer has closed its descriptor, and ends without a further system call. */
static void test_what_another_process_has_written_is_read(void **state)
{
	autoclose int dir = open_directory();
	autoclose int fd = failure_create(dir, "failed");
	autoclose int reader = openat(dir, "failed", O_RDONLY | O_CLOEXEC);
	struct error err = ERROR_NONE;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		struct failure *failure;

		if (failure_map(fd, &failure, &err) < 0)
			_exit(1);
		fd_close(&fd);
		error_set(&err, ENOEXEC, "exec `%s`", "/broken");
		error_hint(&err, "a hint");
		err.status = 126;
		failure_set(failure, &err);
		abort();
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(failure_read(reader, &err), -1);
	assert_int_equal(err.code, ENOEXEC);
	assert_int_equal(err.status, 126);
	assert_non_null(strstr(err.text, "/broken"));
	assert_string_equal(err.hint, "a hint");
}

static void test_what_is_no_failure_is_not_believed(void **state)
{
	autoclose int dir = open_directory();
	autoclose int fd = failure_create(dir, "failed");
	struct error err = ERROR_NONE;
	struct failure hostile;

	(void)state;
	memset(&hostile, 'x', sizeof(hostile));
	hostile.error.code = -5;
	hostile.error.status = 1000;
	assert_int_equal(pwrite(fd, &hostile, sizeof(hostile), 0), sizeof(hostile));
	assert_int_equal(failure_read(fd, &err), -1);
	assert_int_equal(err.code, 0);
	assert_int_equal(err.status, 0);
	assert_true(strlen(err.text) < sizeof(err.text));
	/* A record that is cut off is ignored. */
	assert_int_equal(ftruncate(fd, 7), 0);
	assert_int_equal(failure_read(fd, &err), 0);
}

static int remove_directory(void **state)
{
	(void)state;
	return rmdir(directory);
}

#define TEST(name) cmocka_unit_test_teardown(name, remove_file)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_without_a_failure_nothing_is_read),
		TEST(test_what_another_process_has_written_is_read),
		TEST(test_what_is_no_failure_is_not_believed),
	};

	if (!mkdtemp(directory))
		return 1;
	return cmocka_run_group_tests(tests, NULL, remove_directory);
}
