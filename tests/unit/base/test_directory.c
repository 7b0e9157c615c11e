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
#include <unistd.h>

#include <cmocka.h>

#include "core/base/directory.h"
#include "core/base/fd.h"
#include "core/base/str.h"

static char path[] = "/tmp/urun-test-directory-XXXXXX";

static int make_directory(void **state)
{
	(void)state;
	strcpy(path + strlen(path) - 6, "XXXXXX");
	return mkdtemp(path) ? 0 : -1;
}

static int remove_directory(void **state)
{
	autofree char *command = str_format("rm -rf '%s'", path);

	(void)state;
	return system(command);
}

static void test_all_names_but_the_two_dots(void **state)
{
	static const char *const names[] = { "...", ".hidden", "name", "..data" };
	autoclose int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	autodir DIR *stream = NULL;
	unsigned int seen = 0;
	struct dirent *entry;

	(void)state;
	assert_true(fd >= 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(mkdirat(fd, names[i], 0700), 0);
	stream = directory_stream(fd);
	assert_non_null(stream);
	while ((entry = directory_next(stream))) {
		size_t i = 0;

		while (i < ARRAY_SIZE(names) && !str_equal(entry->d_name, names[i]))
			i++;
		assert_true(i < ARRAY_SIZE(names));
		seen |= 1u << i;
	}
	assert_int_equal(errno, 0);
	assert_int_equal(seen, 0xf);
}

static void test_the_descriptor_stays_the_callers(void **state)
{
	autoclose int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int highest = dup(fd);

	(void)state;
	close(highest);
	for (int i = 0; i < 3; i++) {
		autodir DIR *stream = directory_stream(fd);

		assert_non_null(stream);
		assert_int_not_equal(dirfd(stream), fd);
		assert_true(fcntl(dirfd(stream), F_GETFD) & FD_CLOEXEC);
	}
	assert_true(fcntl(fd, F_GETFD) >= 0);
	/* No stream has left a descriptor behind. */
	assert_int_equal(dup(fd), highest);
	close(highest);
}

static void test_what_is_no_readable_directory_is_an_errno(void **state)
{
	autoclose int file = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_null(directory_stream(file));
	assert_int_equal(errno, ENOTDIR);
	assert_null(directory_stream(-1));
	assert_int_equal(errno, EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all_names_but_the_two_dots, make_directory,
						remove_directory),
		cmocka_unit_test_setup_teardown(test_the_descriptor_stays_the_callers,
						make_directory, remove_directory),
		cmocka_unit_test(test_what_is_no_readable_directory_is_an_errno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
