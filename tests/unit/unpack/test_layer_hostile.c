// SPDX-License-Identifier: Apache-2.0
/* Whiteouts, duplicates, and entries that are meant to write outside of the layer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/resource.h>

#include "tests/unit/unpack/layer_tar.h"

/* Nothing is in the directory beside the layer, and it has its mode and owner. */
static void assert_nothing_outside(void)
{
	autodir DIR *stream = directory_stream(scratch_fd);
	struct stat st;
	int names = 0;

	while (directory_next(stream))
		names++;
	assert_int_equal(names, 3);
	assert_int_equal(fstatat(scratch_fd, "outside", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0750);
	assert_string_equal(look_in(scratch_fd, "outside/file"), "f 0600 precious");
	assert_int_equal(fstatat(scratch_fd, "outside/file", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_nlink, 1);
	assert_string_equal(look_in(scratch_fd, "outside/new"), "-");
}

static int hostile_start(void **state)
{
	int fd;

	if (layer_start(state) < 0)
		return -1;
	fd = openat(scratch_fd, "outside/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	return fd < 0 || write(fd, "precious", 8) != 8 || close(fd) < 0 ? -1 : 0;
}

static int hostile_end(void **state)
{
	assert_nothing_outside();
	return layer_end(state);
}

/* ---- names ---- */

static void test_names_that_lead_out_are_refused(void **state)
{
	static const char *const names[] = { "..", "../outside/new", "a/../../outside/new",
					     "/../outside/new", "./.././outside/new" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		tar_start();
		tar_file(names[i], 0644, "x");
		refuses("leads out of the layer");
		tar_start();
		tar_hardlink("hard", names[i]);
		refuses("leads out of the layer");
	}
	tar_start();
	tar_file(".wh.", 0644, "");
	refuses("hides no name");
	tar_start();
	tar_file("a/.wh...", 0644, "");
	refuses("hides no name");
	tar_start();
	tar_file(".wh..", 0644, "");
	refuses("hides no name");
	assert_string_equal(look("hard"), "-");
}

static void test_absolute_and_unclean_names_are_the_layers(void **state)
{
	autofree char *absolute = str_format("%s/outside/new", scratch);

	(void)state;
	tar_file(absolute, 0644, "in");
	tar_file("//a//./b/../c", 0644, "x");
	tar_symlink("link/", "a");
	unpacks();
	assert_string_equal(look(absolute + 1), "f 0644 in");
	assert_string_equal(look("a/c"), "f 0644 x");
	assert_string_equal(look("link"), "l a");
}

static void test_links_lead_nowhere_but_into_the_layer(void **state)
{
	autofree char *outside = str_format("%s/outside", scratch);
	autofree char *file = str_format("%s/file", outside);

	(void)state;
	tar_symlink("absolute", outside);
	tar_file("absolute/new", 0644, "in");
	tar_symlink("up", "../outside");
	tar_file("up/new", 0644, "in");
	tar_directory("deep", 0755);
	tar_symlink("deep/up", "../../../../../../outside");
	tar_file("deep/up/new2", 0644, "in");
	tar_directory("deep/up/sub", 0700);
	tar_symlink("through", file);
	tar_hardlink("hard", "up/file");
	tar_hardlink("hard2", "through");
	tar_file("through", 0644, "replaced");
	/* Through two links, and through a link that a file has replaced. */
	tar_symlink("two", "deep/up");
	tar_file("two/new3", 0644, "in");
	unpacks();
	assert_string_equal(look("outside/new"), "f 0644 in");
	assert_string_equal(look("outside/new2"), "f 0644 in");
	assert_string_equal(look("outside/new3"), "f 0644 in");
	assert_string_equal(look("outside/sub"), "d 0700");
	assert_string_equal(look("through"), "f 0644 replaced");
	/* The hard link is one to the symbolic link itself. */
	assert_int_equal(strncmp(look("hard2"), "l ", 2), 0);
	assert_string_equal(look("hard"), "-");
	assert_string_equal(look(outside + 1), "d 0755 implied");
	assert_true(result.depends);
}

static void test_a_file_is_no_directory_and_a_loop_ends(void **state)
{
	(void)state;
	tar_file("file", 0644, "x");
	tar_file("file/new", 0644, "x");
	refuses("make the directory file");
	assert_int_equal(err.code, ENOTDIR);
	tar_start();
	tar_symlink("loop", "loop");
	tar_file("loop/new", 0644, "x");
	refuses("make the directory loop");
	assert_int_equal(err.code, ELOOP);
	tar_start();
	tar_file("./", 0644, "");
	unpacks(); /* a name with '/' at its end is a directory to all tools */
	tar_start();
	tar_symlink(".", "/");
	refuses("the layer's top directory is a file in it");
	tar_start();
	tar_hardlink("/", "file");
	refuses("the layer's top directory is a file in it");
}

static void test_names_longer_than_a_path_are_refused(void **state)
{
	autofree char *name = mem_alloc(5001);

	(void)state;
	memset(name, 'n', 5000);
	tar_pax("path", name);
	tar_file("x", 0644, "x");
	refuses("longer than a path can be");
	tar_start();
	for (size_t i = 1; i < 5000; i += 2)
		name[i] = '/';
	tar_pax("path", name);
	tar_file("x", 0644, "x");
	refuses("longer than a path can be");
	tar_start();
	memset(name, 'n', 5000);
	tar_pax("linkpath", name);
	tar_symlink("link", "x");
	refuses("make link");
	assert_int_equal(err.code, ENAMETOOLONG);
	tar_start();
	tar_pax("linkpath", name);
	tar_hardlink("link", "x");
	refuses("longer than a path can be");
}

static void test_a_nul_ends_a_name(void **state)
{
	(void)state;
	tar_pax_bytes("path", "a\0/../../outside/new", 20);
	tar_file("x", 0644, "one");
	tar_pax_bytes("linkpath", "b\0c", 3);
	tar_symlink("link", "x");
	unpacks();
	assert_string_equal(look("a"), "f 0644 one");
	assert_string_equal(look("link"), "l b");
}

/* ---- the same name again ---- */

static void test_the_last_entry_of_a_name_counts(void **state)
{
	(void)state;
	tar_file("a", 0644, "file");
	tar_directory("a", 0700);
	tar_file("a/in", 0644, "x");
	tar_directory("a/sub", 0);
	tar_file("a", 0600, "file again");
	tar_directory("b", 0755);
	tar_file("b/kept", 0644, "x");
	tar_directory("b", 0711);
	tar_symlink("c", "b");
	tar_directory("c", 0700);
	tar_file("c/new", 0644, "x");
	tar_file("d", 0644, "x");
	tar_symlink("d", "b");
	tar_file("d", 0644, "not in b");
	tar_directory("e", 0755);
	tar_file("e/f", 0644, "x");
	tar_hardlink("e", "b/kept");
	tar_file("g", 0644, "one");
	tar_hardlink("h", "g");
	tar_file("g", 0644, "two");
	tar_hardlink("h", "h");
	tar_hardlink("./i", "h");
	tar_hardlink("h", "i");
	unpacks();
	assert_string_equal(look("a"), "f 0600 file again");
	assert_string_equal(look("b"), "d 0711");
	assert_string_equal(look("b/kept"), "f 0644 x");
	assert_string_equal(look("b/new"), "-");
	assert_string_equal(look("c"), "d 0700");
	assert_string_equal(look("d"), "f 0644 not in b");
	assert_int_equal(stat_of("e").st_ino, stat_of("b/kept").st_ino);
	assert_string_equal(look("g"), "f 0644 two");
	assert_string_equal(look("h"), "f 0644 one");
	assert_int_equal(stat_of("h").st_nlink, 2);
	assert_false(result.depends);
}

/* The open directory itself goes, by another name of its parent. */
static void test_a_directory_that_goes_while_it_is_open_takes_nothing_along(void **state)
{
	(void)state;
	tar_directory("a", 0700);
	tar_file("a/file", 0644, "x");
	tar_symlink("a/top", "/");
	tar_file("a/top/a", 0644, "new");
	tar_file("a/later", 0644, "x");
	unpacks();
	/* The name is looked up again, and its directories aren't there any more. */
	assert_string_equal(look("a"), "d 0755 implied");
	assert_string_equal(look("a/file"), "-");
	assert_string_equal(look("a/top/a"), "f 0644 new");
	assert_string_equal(look("a/later"), "f 0644 x");
}

/* ---- whiteouts ---- */

static void test_whiteouts_and_opaque_directories_are_the_overlays(void **state)
{
	(void)state;
	tar_file(".wh.gone", 0644, "");
	tar_directory("d", 0755);
	tar_file("d/.wh.gone", 0644, "");
	tar_directory("o", 0711);
	tar_file("o/.wh..wh..opq", 0644, "");
	tar_file("o/new", 0644, "x");
	tar_file("o/.wh.useless", 0644, "");
	tar_directory("p", 0711);
	tar_file("p/.wh.useless", 0644, "");
	tar_file("p/.wh..wh..opq", 0644, "");
	tar_file("implied/.wh.gone", 0644, "");
	unpacks();
	assert_string_equal(look("gone"), "whiteout");
	assert_string_equal(look("d/gone"), "whiteout");
	assert_string_equal(look("o"), "d 0711 opaque");
	assert_string_equal(look("o/new"), "f 0644 x");
	assert_string_equal(look("o/useless"), "-");
	assert_string_equal(look("p"), "d 0711 opaque");
	assert_string_equal(look("p/useless"), "-");
	assert_string_equal(look("implied"), "d 0755 implied");
	assert_string_equal(look("implied/gone"), "whiteout");
	assert_true(result.depends);
}

static void test_a_whiteout_hides_what_is_below_and_nothing_of_its_layer(void **state)
{
	(void)state;
	tar_file("before", 0644, "x");
	tar_file(".wh.before", 0644, "");
	tar_file(".wh.after", 0644, "");
	tar_file("after", 0644, "x");
	tar_directory("d", 0700);
	tar_file("d/file", 0644, "x");
	tar_file(".wh.d", 0644, "");
	tar_file(".wh.e", 0644, "");
	tar_directory("e", 0700);
	tar_file(".wh.f", 0644, "");
	tar_file("f/file", 0644, "x");
	tar_file("g/file", 0644, "x");
	tar_file(".wh.g", 0644, "");
	tar_file(".wh.twice", 0644, "");
	tar_file(".wh.twice", 0644, "");
	tar_file("link", 0644, "x");
	tar_symlink("link", "d");
	tar_file(".wh.link", 0644, "");
	unpacks();
	assert_string_equal(look("before"), "f 0644 x");
	assert_string_equal(look("after"), "f 0644 x");
	assert_string_equal(look("d"), "d 0700 opaque");
	assert_string_equal(look("d/file"), "f 0644 x");
	assert_string_equal(look("e"), "d 0700 opaque");
	assert_string_equal(look("f"), "d 0755 opaque");
	assert_string_equal(look("f/file"), "f 0644 x");
	assert_string_equal(look("g"), "d 0755 opaque");
	assert_string_equal(look("twice"), "whiteout");
	assert_string_equal(look("link"), "l d");
	assert_false(result.depends);
}

static void test_a_whiteout_has_nothing_in_it_and_aufs_files_are_left_out(void **state)
{
	(void)state;
	tar_file(".wh..wh.aufs", 0644, "");
	tar_directory(".wh..wh.plnk", 0700);
	tar_file(".wh..wh.plnk/123.456", 0644, "");
	unpacks();
	assert_string_equal(look(".wh..wh.plnk"), "-");
	assert_string_equal(look(".wh.aufs"), "-");
	tar_start();
	tar_file("a/.wh.b/c", 0644, "");
	refuses("has a whiteout for a directory");
	tar_start();
	tar_file("c", 0644, "");
	tar_hardlink("d", ".wh.c");
	refuses("leads to the whiteout");
	/* The link leads to nothing. */
	tar_start();
	tar_symlink("link", ".wh.x");
	tar_file("link/file", 0644, "");
	refuses("make the directory link");
}

/* ---- depth ---- */

/* Each link leads 500 directories deeper than the one before. */
static void test_thousands_of_levels_take_few_descriptors(void **state)
{
	autostrbuf struct strbuf step = { 0 };
	struct rlimit old, few;

	(void)state;
	for (int i = 0; i < 500; i++)
		strbuf_add_str(&step, "d/");
	tar_pax("path", step.bytes);
	tar_directory("x", 0755);
	for (int i = 0; i < 5; i++) {
		autofree char *path = str_format("%d/%s", i, step.bytes);
		autofree char *target =
			i == 0 ? str_dup(step.bytes) : str_format("/%d/%s", i - 1, step.bytes);
		autofree char *name = str_format("%d", i);

		tar_pax("linkpath", target);
		tar_symlink(name, "x");
		tar_pax("path", path);
		tar_directory("x", 0711);
		tar_file("d/d/d/d/beside", 0644, "x");
	}
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = old;
	few.rlim_cur = 160;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	unpacks();
	assert_int_equal(strncmp(look("4"), "l /3/d/d", 8), 0);
	assert_int_equal(layer_remove(scratch_fd, "layer", &err), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(mkdirat(scratch_fd, "layer", 0700), 0);
}

static void test_times_of_deep_directories_are_kept(void **state)
{
	char path[400] = "";

	(void)state;
	for (int i = 0; i < 100; i++) {
		strcat(path, i ? "/d" : "d");
		with.mtime = 5000 + i;
		tar_pax("path", path);
		tar_directory("x", 0755);
	}
	for (int i = 99; i >= 0; i--) {
		strcpy(path + 2 * i + 1, "/file");
		tar_pax("path", path);
		tar_file("x", 0644, "x");
	}
	unpacks();
	strcpy(path, "d");
	for (int i = 0; i < 100; i++) {
		assert_int_equal(stat_of(path).st_mtim.tv_sec, 5000 + i);
		strcat(path, "/d");
	}
}

int main(void)
{
#define TEST(name) LAYER_TEST(name, hostile_start, hostile_end)
	const struct CMUnitTest tests[] = {
		TEST(test_names_that_lead_out_are_refused),
		TEST(test_absolute_and_unclean_names_are_the_layers),
		TEST(test_links_lead_nowhere_but_into_the_layer),
		TEST(test_a_file_is_no_directory_and_a_loop_ends),
		TEST(test_names_longer_than_a_path_are_refused),
		TEST(test_a_nul_ends_a_name),
		TEST(test_the_last_entry_of_a_name_counts),
		TEST(test_a_directory_that_goes_while_it_is_open_takes_nothing_along),
		TEST(test_whiteouts_and_opaque_directories_are_the_overlays),
		TEST(test_a_whiteout_hides_what_is_below_and_nothing_of_its_layer),
		TEST(test_a_whiteout_has_nothing_in_it_and_aufs_files_are_left_out),
		TEST(test_thousands_of_levels_take_few_descriptors),
		TEST(test_times_of_deep_directories_are_kept),
	};

	return cmocka_run_group_tests(tests, layer_scratch, layer_scratch_remove);
}
