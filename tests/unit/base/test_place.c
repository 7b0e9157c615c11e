// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
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

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/place.h"
#include "core/base/str.h"

/* Only this user can write to "mine", and everybody to "shared", as to /tmp. */
static int make_directories(void **state)
{
	char *base = str_dup("/tmp/urun-test-place.XXXXXX");

	*state = base;
	return mkdtemp(base) && chdir(base) == 0 && mkdir("mine", 0700) == 0 &&
			       mkdir("shared", 0700) == 0 && chmod("shared", 01777) == 0
		       ? 0
		       : -1;
}

static int remove_directories(void **state)
{
	autofree char *command = str_format("rm -rf '%s'", (char *)*state);
	int failed = chdir("/");

	free(*state);
	return failed ?: system(command);
}

static int append_to(const char *path, struct error *err)
{
	autoclose int fd = -1;

	if (place_open_append("log", path, 0600, &fd, err) < 0)
		return -1;
	return (int)write(fd, "x", 1) == 1 ? 0 : -1;
}

static off_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_size : -1;
}

static void paths_of_all_forms_are_walked(void **state)
{
	const char *base = *state;
	autofree char *absolute = str_format("%s//mine/./../mine/log", base);
	struct error err = ERROR_NONE;

	assert_int_equal(append_to("log", &err), 0);
	assert_int_equal(append_to("./mine/log", &err), 0);
	assert_int_equal(append_to(absolute, &err), 0);
	assert_int_equal(size_of("mine/log"), 2);
	assert_int_equal(append_to("", &err), -1);
	assert_int_equal(err.code, ENOENT);
	assert_int_equal(append_to("mine/", &err), -1);
	assert_int_equal(append_to("mine/..", &err), -1);
	assert_int_equal(append_to("log/x", &err), -1);
	assert_int_equal(err.code, ENOTDIR);
	assert_int_equal(append_to("no/x", &err), -1);
	assert_int_equal(err.code, ENOENT);
	assert_string_equal(err.text, "open log no/x");
}

static void own_links_lead_on(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(mkdir("mine/logs", 0700), 0);
	assert_int_equal(symlink("mine/logs", "dir"), 0);
	assert_int_equal(symlink("logs/real", "mine/last"), 0);
	assert_int_equal(append_to("dir/new", &err), 0);
	assert_int_equal(size_of("mine/logs/new"), 1);
	assert_int_equal(append_to("mine/last", &err), 0);
	assert_int_equal(size_of("mine/logs/real"), 1);
	assert_int_equal(symlink("loop", "mine/loop"), 0);
	assert_int_equal(append_to("mine/loop", &err), -1);
	assert_int_equal(err.code, ELOOP);
}

static void links_of_procfs_lead_to_what_has_no_path(void **state)
{
	struct error err = ERROR_NONE;
	char path[64], text[2] = "";
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[1]);
	assert_int_equal(append_to(path, &err), 0);
	snprintf(path, sizeof(path), "/dev/fd/%d", ends[1]);
	assert_int_equal(append_to(path, &err), 0);
	assert_int_equal(read(ends[0], text, 2), 2);
	assert_memory_equal(text, "xx", 2);
	close(ends[0]);
	close(ends[1]);
}

static void the_last_link_in_a_shared_directory_is_not_followed(void **state)
{
	struct error err = ERROR_NONE;
	int fd;

	(void)state;
	assert_int_equal(append_to("mine/precious", &err), 0);
	assert_int_equal(symlink("../mine/precious", "shared/log"), 0);
	assert_int_equal(symlink("../mine/new", "shared/dangling"), 0);
	assert_int_equal(symlink("../mine", "shared/root"), 0);
	assert_int_equal(append_to("shared/log", &err), -1);
	assert_non_null(strstr(err.text, "'log' is a symbolic link"));
	assert_int_equal(append_to("shared/dangling", &err), -1);
	assert_int_equal(place_open_directory("root", "shared/root", PLACE_MAKE, &fd, &err), -1);
	assert_int_equal(place_open_directory("root", "shared/root/", PLACE_MAKE, &fd, &err), -1);
	assert_int_equal(size_of("mine/precious"), 1);
	assert_int_equal(size_of("mine/new"), -1);
	/* A link of the user's own is followed. */
	assert_int_equal(append_to("shared/root/precious", &err), 0);
}

static void a_second_name_of_a_file_is_not_written_to(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(append_to("mine/precious", &err), 0);
	assert_int_equal(link("mine/precious", "shared/log"), 0);
	assert_int_equal(append_to("shared/log", &err), -1);
	assert_non_null(strstr(err.text, "second name"));
	assert_int_equal(size_of("mine/precious"), 1);
	/* A new file and an own file are fine there. */
	assert_int_equal(append_to("shared/new", &err), 0);
	assert_int_equal(append_to("shared/new", &err), 0);
	assert_int_equal(size_of("shared/new"), 2);
}

/*
 * Only its owner can write to the directory, and the owner is another user, who chooses its files.
 * Only root can give a directory away, so the test needs root.
 */
static void a_directory_of_another_user_is_theirs(void **state)
{
	struct error err = ERROR_NONE;
	int fd;

	(void)state;
	if (geteuid() != 0)
		return;
	assert_int_equal(mkdir("theirs", 0755), 0);
	assert_int_equal(mkfifo("theirs/log", 0666), 0);
	assert_int_equal(append_to("mine/precious", &err), 0);
	assert_int_equal(link("mine/precious", "theirs/second"), 0);
	assert_int_equal(chown("theirs", 12345, 12345), 0);
	assert_int_equal(chown("theirs/log", 12345, 12345), 0);
	/* The open of a FIFO without a reader would wait for ever. */
	alarm(20);
	assert_int_equal(place_open_append("log", "theirs/log", 0600, &fd, &err), -1);
	alarm(0);
	assert_non_null(strstr(err.text, "belongs to uid 12345"));
	assert_int_equal(append_to("theirs/second", &err), -1);
	assert_non_null(strstr(err.text, "second name"));
	assert_int_equal(append_to("theirs/new", &err), 0);
	assert_int_equal(append_to("theirs/new", &err), 0);
}

static void directories_are_made_for_us_alone(void **state)
{
	struct error err = ERROR_NONE;
	struct stat st;
	int fd;

	(void)state;
	assert_int_equal(place_open_directory("root", "mine/a/b/c", PLACE_MUST_EXIST, &fd, &err),
			 -1);
	assert_int_equal(err.code, ENOENT);
	assert_int_equal(place_open_directory("root", "mine/a/b/c", PLACE_MAKE, &fd, &err), 0);
	close(fd);
	assert_int_equal(stat("mine/a/b", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(place_open_directory("root", "mine/a/b/c", PLACE_MUST_EXIST, &fd, &err),
			 0);
	close(fd);
}

static void a_found_place_takes_a_new_file(void **state)
{
	autoplace struct place place = PLACE_NONE;
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(symlink("mine", "dir"), 0);
	assert_int_equal(place_find("pid file", "dir/pid", &place, &err), 0);
	assert_string_equal(place.name, "pid");
	assert_int_equal(file_replace(place.dir, place.name, 0644, "1", 1), 0);
	assert_int_equal(size_of("mine/pid"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_directories, remove_directories)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(paths_of_all_forms_are_walked),
		TEST(own_links_lead_on),
		TEST(links_of_procfs_lead_to_what_has_no_path),
		TEST(the_last_link_in_a_shared_directory_is_not_followed),
		TEST(a_second_name_of_a_file_is_not_written_to),
		TEST(a_directory_of_another_user_is_theirs),
		TEST(directories_are_made_for_us_alone),
		TEST(a_found_place_takes_a_new_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
