// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/str.h"

struct fixture {
	char path[64];
	int dir;
};

static int make_directory(void **state)
{
	struct fixture *fixture = mem_alloc(sizeof(*fixture));

	strcpy(fixture->path, "/tmp/urun-test-file.XXXXXX");
	*state = fixture;
	if (!mkdtemp(fixture->path))
		return -1;
	fixture->dir = open(fixture->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fixture->dir < 0 ? -1 : 0;
}

static int remove_directory(void **state)
{
	struct fixture *fixture = *state;
	autofree char *command = str_format("rm -rf '%s'", fixture->path);
	int status = system(command);

	close(fixture->dir);
	free(fixture);
	return status;
}

static void assert_text(int dir, const char *name, const char *text)
{
	autoclose int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	autofree char *bytes = NULL;
	size_t size;

	assert_true(fd >= 0);
	assert_int_equal(fd_read_all(fd, 4096, &bytes, &size), 0);
	assert_string_equal(bytes, text);
}

static size_t count_entries(const char *path)
{
	DIR *stream = opendir(path);
	size_t count = 0;

	assert_non_null(stream);
	for (struct dirent *entry; (entry = readdir(stream));)
		count += entry->d_name[0] != '.' || file_is_leftover(entry->d_name);
	closedir(stream);
	return count;
}

static void a_file_is_made_or_replaced(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(file_replace(fixture->dir, "pid", 0644, "1", 1), 0);
	assert_text(fixture->dir, "pid", "1");
	assert_int_equal(file_replace(fixture->dir, "pid", 0644, "22", 2), 0);
	assert_text(fixture->dir, "pid", "22");
	assert_int_equal(count_entries(fixture->path), 1);
}

static void a_durable_file_is_replaced_likewise(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(file_replace_durably(fixture->dir, "pid", 0644, "1", 1), 0);
	assert_text(fixture->dir, "pid", "1");
	assert_int_equal(file_replace_durably(fixture->dir, "pid", 0644, "22", 2), 0);
	assert_text(fixture->dir, "pid", "22");
	assert_int_equal(file_sync_directory(fixture->dir), 0);
	assert_int_equal(file_sync_directory(-1), -EBADF);
	assert_int_equal(mkdirat(fixture->dir, "directory", 0755), 0);
	assert_true(file_replace_durably(fixture->dir, "directory", 0600, "x", 1) < 0);
}

static void a_link_is_replaced_and_not_followed(void **state)
{
	struct fixture *fixture = *state;
	struct stat st;

	assert_int_equal(file_create(fixture->dir, "precious", 0600, "mine", 4), 0);
	assert_int_equal(symlinkat("precious", fixture->dir, "pid"), 0);
	assert_int_equal(file_replace(fixture->dir, "pid", 0644, "1", 1), 0);
	assert_text(fixture->dir, "precious", "mine");
	assert_text(fixture->dir, "pid", "1");
	assert_int_equal(fstatat(fixture->dir, "pid", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISREG(st.st_mode));
}

static void what_is_there_is_never_opened_to_make_a_file(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(symlinkat("nowhere", fixture->dir, "dangling"), 0);
	assert_int_equal(mkfifoat(fixture->dir, "fifo", 0600), 0);
	assert_int_equal(file_create(fixture->dir, "dangling", 0600, "x", 1), -EEXIST);
	assert_int_equal(file_create(fixture->dir, "fifo", 0600, "x", 1), -EEXIST);
	assert_int_equal(faccessat(fixture->dir, "nowhere", F_OK, 0), -1);
	/* file_replace() doesn't wait for a reader of the FIFO either. */
	assert_int_equal(file_replace(fixture->dir, "fifo", 0600, "x", 1), 0);
	assert_text(fixture->dir, "fifo", "x");
}

static void what_fails_leaves_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct rlimit old, small = { 1, RLIM_INFINITY };

	assert_int_equal(mkdirat(fixture->dir, "directory", 0700), 0);
	assert_true(file_replace(fixture->dir, "directory", 0600, "x", 1) < 0);
	assert_int_equal(count_entries(fixture->path), 1);
	/* There is no room for the second byte. */
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(file_create(fixture->dir, "new", 0600, "xy", 2), -EFBIG);
	assert_int_equal(file_replace(fixture->dir, "new", 0600, "xy", 2), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(count_entries(fixture->path), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_is_made_or_replaced),
		TEST(a_durable_file_is_replaced_likewise),
		TEST(a_link_is_replaced_and_not_followed),
		TEST(what_is_there_is_never_opened_to_make_a_file),
		TEST(what_fails_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
