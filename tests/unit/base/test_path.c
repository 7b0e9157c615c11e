// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/base/str.h"

/* BASE/root is the root, and nothing may change in BASE/outside. */
struct fixture {
	char base[64];
	int root;
};

static int set_up(void **state)
{
	struct fixture *fixture = mem_alloc(sizeof(*fixture));
	autofree char *root = NULL;
	autofree char *outside = NULL;

	snprintf(fixture->base, sizeof(fixture->base), "/tmp/test-path-XXXXXX");
	if (!mkdtemp(fixture->base))
		return -1;
	root = path_join(fixture->base, "root");
	outside = path_join(fixture->base, "outside");
	if (mkdir(root, 0755) < 0 || mkdir(outside, 0755) < 0)
		return -1;
	fixture->root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	*state = fixture;
	return fixture->root < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	autofree char *command = str_format("rm -rf '%s'", fixture->base);
	int result = system(command);

	fd_close(&fixture->root);
	free(fixture);
	return result;
}

static void assert_missing_outside(const struct fixture *fixture, const char *name)
{
	autofree char *path = str_format("%s/outside/%s", fixture->base, name);
	struct stat st;

	assert_int_equal(stat(path, &st), -1);
	assert_int_equal(errno, ENOENT);
}

static void assert_inside(const struct fixture *fixture, const char *path, mode_t type, mode_t mode)
{
	struct stat st;

	assert_int_equal(fstatat(fixture->root, path, &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mode & S_IFMT, type);
	assert_int_equal(st.st_mode & 07777, mode);
}

static void assert_opens(int fd)
{
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	close(fd);
}

static void absolute_and_dotdot_paths_stay_in_the_root(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(mkdirat(fixture->root, "in", 0755), 0);
	assert_opens(path_open_in_root(fixture->root, "/in", O_PATH, 0));
	assert_opens(path_open_in_root(fixture->root, "../../../in", O_PATH, 0));
	assert_opens(path_open_in_root(fixture->root, "", O_PATH, 0));
	assert_int_equal(path_open_in_root(fixture->root, "../outside", O_PATH, 0), -ENOENT);
	assert_int_equal(path_open_in_root(fixture->root, fixture->base, O_PATH, 0), -ENOENT);
}

static void links_out_of_the_root_lead_into_it(void **state)
{
	struct fixture *fixture = *state;
	autofree char *outside = path_join(fixture->base, "outside");

	assert_int_equal(symlinkat(outside, fixture->root, "absolute"), 0);
	assert_int_equal(symlinkat("../outside", fixture->root, "relative"), 0);
	assert_int_equal(path_open_in_root(fixture->root, "absolute", O_PATH, 0), -ENOENT);
	assert_opens(path_mkdirs_in_root(fixture->root, "absolute/a", 0755));
	assert_opens(path_mkdirs_in_root(fixture->root, "relative/b", 0755));
	assert_opens(path_mkfile_in_root(fixture->root, "relative/c"));
	assert_missing_outside(fixture, "a");
	assert_missing_outside(fixture, "b");
	assert_missing_outside(fixture, "c");
	assert_inside(fixture, "outside/b", S_IFDIR, 0755);
	assert_inside(fixture, "outside/c", S_IFREG, 0644);
	assert_opens(path_open_in_root(fixture->root, outside, O_PATH | O_DIRECTORY, 0));
}

static void directories_are_made_whatever_the_umask(void **state)
{
	struct fixture *fixture = *state;
	mode_t old = umask(077);

	assert_opens(path_mkdirs_in_root(fixture->root, "/a//b/./c/", 0700));
	assert_opens(path_mkfile_in_root(fixture->root, "/d/e/f"));
	assert_int_equal(umask(old), 077);
	assert_inside(fixture, "a", S_IFDIR, 0755);
	assert_inside(fixture, "a/b", S_IFDIR, 0755);
	assert_inside(fixture, "a/b/c", S_IFDIR, 0700);
	assert_inside(fixture, "d/e", S_IFDIR, 0755);
	assert_inside(fixture, "d/e/f", S_IFREG, 0644);
	assert_opens(path_mkdirs_in_root(fixture->root, "a/b/c", 0755));
	assert_inside(fixture, "a/b/c", S_IFDIR, 0700);
}

static void dangling_links_are_filled_behind(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(symlinkat("run", fixture->root, "var-run"), 0);
	assert_int_equal(symlinkat("/deep/er", fixture->root, "run"), 0);
	assert_int_equal(symlinkat("../file", fixture->root, "link"), 0);
	assert_opens(path_mkdirs_in_root(fixture->root, "var-run/lock", 0755));
	assert_inside(fixture, "deep/er/lock", S_IFDIR, 0755);
	assert_opens(path_mkfile_in_root(fixture->root, "link"));
	assert_inside(fixture, "file", S_IFREG, 0644);
	assert_inside(fixture, "link", S_IFLNK, 0777);
}

static void dotdot_behind_what_is_made_goes_up_once(void **state)
{
	struct fixture *fixture = *state;

	assert_opens(path_mkdirs_in_root(fixture->root, "a/b/../../../../c", 0755));
	assert_inside(fixture, "a/b", S_IFDIR, 0755);
	assert_inside(fixture, "c", S_IFDIR, 0755);
	assert_missing_outside(fixture, "../c");
}

static void add_path(void *of, const char *path)
{
	strbuf_addf(of, "%s;", path);
}

static void each_directory_that_is_made_is_told_by_its_real_path(void **state)
{
	struct fixture *fixture = *state;
	autostrbuf struct strbuf made = { 0 };
	int fd;

	assert_int_equal(mkdirat(fixture->root, "there", 0755), 0);
	assert_int_equal(symlinkat("/there/new", fixture->root, "link"), 0);
	fd = path_mkdirs_telling(fixture->root, "link/../other/./last", 0755, add_path, &made);
	assert_true(fd >= 0);
	close(fd);
	assert_string_equal(made.bytes, "there/new;there/other;there/other/last;");
	fd = path_mkdirs_telling(fixture->root, "there/new/", 0755, add_path, &made);
	assert_true(fd >= 0);
	close(fd);
	assert_string_equal(made.bytes, "there/new;there/other;there/other/last;");
}

static void loops_and_magic_links_are_refused(void **state)
{
	struct fixture *fixture = *state;
	autoclose int slash = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	autofree char *magic = str_format("/proc/self/fd/%d", fixture->root);
	autofree char *behind = str_format("%s/nothing/here", magic);

	assert_int_equal(symlinkat("loop", fixture->root, "loop"), 0);
	assert_int_equal(symlinkat("x/../swing", fixture->root, "swing"), 0);
	assert_int_equal(path_mkdirs_in_root(fixture->root, "loop/a", 0755), -ELOOP);
	assert_int_equal(path_mkdirs_in_root(fixture->root, "swing", 0755), -ELOOP);
	assert_int_equal(path_open_in_root(slash, magic, O_PATH, 0), -ELOOP);
	assert_int_equal(path_mkdirs_in_root(slash, behind, 0755), -ELOOP);
}

static void files_and_directories_arent_taken_for_each_other(void **state)
{
	struct fixture *fixture = *state;

	assert_opens(path_mkfile_in_root(fixture->root, "file"));
	assert_opens(path_mkfile_in_root(fixture->root, "file"));
	assert_opens(path_mkdirs_in_root(fixture->root, "dir", 0755));
	assert_int_equal(path_mkdirs_in_root(fixture->root, "file", 0755), -ENOTDIR);
	assert_int_equal(path_mkdirs_in_root(fixture->root, "file/a", 0755), -ENOTDIR);
	assert_int_equal(path_mkfile_in_root(fixture->root, "dir"), -EISDIR);
	assert_int_equal(path_mkfile_in_root(fixture->root, "new/.."), -EISDIR);
}

static void assert_clean(const char *path, const char *wanted)
{
	autofree char *clean = path_clean(path);

	assert_string_equal(clean, wanted);
}

static void only_regular_files_are_read(void **state)
{
	struct fixture *fixture = *state;
	autofree char *bytes = NULL;
	size_t size = 0;
	int fd = openat(fixture->root, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_int_equal(write(fd, "text", 4), 4);
	close(fd);
	assert_int_equal(symlinkat("/file", fixture->root, "link"), 0);
	assert_int_equal(mkfifoat(fixture->root, "fifo", 0644), 0);
	assert_int_equal(path_read_in_root(fixture->root, "/link", 4, &bytes, &size), 0);
	assert_string_equal(bytes, "text");
	assert_int_equal(size, 4);
	free(bytes);
	bytes = NULL;
	assert_int_equal(path_read_in_root(fixture->root, "file", 3, &bytes, &size), -EFBIG);
	assert_int_equal(path_read_in_root(fixture->root, "fifo", 4, &bytes, &size), -EINVAL);
	assert_int_equal(path_read_in_root(fixture->root, "/", 4, &bytes, &size), -EINVAL);
	assert_int_equal(path_read_in_root(fixture->root, "none", 4, &bytes, &size), -ENOENT);
	assert_null(bytes);
}

static void cleaning_folds_dots_and_slashes(void **state)
{
	(void)state;
	assert_clean("", "/");
	assert_clean("/", "/");
	assert_clean("a", "/a");
	assert_clean("//a///b//", "/a/b");
	assert_clean("/a/./b/.", "/a/b");
	assert_clean("/a/../b", "/b");
	assert_clean("/../../a", "/a");
	assert_clean("a/b/../../..", "/");
	assert_clean("/a/..b/...", "/a/..b/...");
	assert_clean("/ab/c/..", "/ab");
}

static void joining_keeps_absolute_paths(void **state)
{
	autofree char *absolute = path_join("/base", "/a");
	autofree char *relative = path_join("/base", "a");
	autofree char *slash = path_join("/", "a");

	(void)state;
	assert_string_equal(absolute, "/a");
	assert_string_equal(relative, "/base/a");
	assert_string_equal(slash, "/a");
}

static void components_are_cut_off_one_by_one(void **state)
{
	char path[] = "//a/../b//";
	static const char *const names[] = { "a", "..", "b" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		bool last = i < ARRAY_SIZE(names) - 1;
		autofree char *name = path_cut(path, &last);

		assert_string_equal(name, names[i]);
		assert_int_equal(last, i == ARRAY_SIZE(names) - 1);
	}
	assert_null(path_cut(path, &(bool){ false }));
}

static void a_list_of_directories_has_a_file_in_any_of_them(void **state)
{
	(void)state;
	assert_true(path_list_has("/nowhere:/proc:/nowhere/else", "self"));
	assert_true(path_list_has("/proc", "self"));
	assert_false(path_list_has("/nowhere:/", "self"));
	/* An empty part, which is the working directory for execvp(3), isn't looked at. */
	assert_false(path_list_has("::", "proc"));
	assert_false(path_list_has("", "self"));
	assert_false(path_list_has(NULL, "self"));
}

#define ROOT_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOT_TEST(absolute_and_dotdot_paths_stay_in_the_root),
		ROOT_TEST(links_out_of_the_root_lead_into_it),
		ROOT_TEST(directories_are_made_whatever_the_umask),
		ROOT_TEST(dangling_links_are_filled_behind),
		ROOT_TEST(dotdot_behind_what_is_made_goes_up_once),
		ROOT_TEST(each_directory_that_is_made_is_told_by_its_real_path),
		ROOT_TEST(loops_and_magic_links_are_refused),
		ROOT_TEST(files_and_directories_arent_taken_for_each_other),
		ROOT_TEST(only_regular_files_are_read),
		cmocka_unit_test(cleaning_folds_dots_and_slashes),
		cmocka_unit_test(joining_keeps_absolute_paths),
		cmocka_unit_test(components_are_cut_off_one_by_one),
		cmocka_unit_test(a_list_of_directories_has_a_file_in_any_of_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
