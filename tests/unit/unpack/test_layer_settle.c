// SPDX-License-Identifier: Apache-2.0
/* Layers that need the ones below: the newest is unpacked and settled on those before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/unpack/layer_tar.h"

#define LOWERS_MAX 8

/* The layers below, the uppermost first. */
static int lowers[LOWERS_MAX];
static size_t lower_count;

static int settle(void)
{
	err = ERROR_NONE;
	return layer_settle(layer, notes, lowers, lower_count, &limits, &result, &err);
}

static void settles(void)
{
	assert_true(result.depends);
	if (settle() < 0)
		fail_msg("%s", err.text);
}

static void forget_notes(void)
{
	assert_int_equal(ftruncate(notes, 0), 0);
	assert_int_equal(lseek(notes, 0, SEEK_SET), 0);
}

static void doesnt_settle(const char *text)
{
	forget_notes();
	unpacks();
	assert_int_equal(settle(), -1);
	if (!strstr(err.text, text))
		fail_msg("'%s' isn't in '%s'", text, err.text);
}

/* The layer is complete: starts the one above it. */
static void next_layer(void)
{
	char name[32];

	snprintf(name, sizeof(name), "lower-%zu", lower_count);
	assert_int_equal(renameat(scratch_fd, "layer", scratch_fd, name), 0);
	memmove(lowers + 1, lowers, lower_count * sizeof(*lowers));
	lowers[0] = layer;
	lower_count++;
	assert_int_equal(mkdirat(scratch_fd, "layer", 0755), 0);
	layer = openat(scratch_fd, "layer", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	forget_notes();
	tar_start();
}

static void layer_done(void)
{
	unpacks();
	if (result.depends)
		settles();
	next_layer();
}

static int settle_start(void **state)
{
	lower_count = 0;
	return layer_start(state);
}

static int settle_end(void **state)
{
	for (size_t i = 0; i < lower_count; i++) {
		char name[32];

		snprintf(name, sizeof(name), "lower-%zu", i);
		fd_close(&lowers[i]);
		if (layer_remove(scratch_fd, name, &err) < 0)
			return -1;
	}
	return layer_end(state);
}

/* ---- hard links ---- */

static void test_a_target_of_a_lower_layer_is_copied_to_both_names(void **state)
{
	(void)state;
	with.mtime = 55;
	tar_directory("d", 0750);
	tar_pax("mtime", "66.5");
	tar_pax("SCHILY.xattr.user.mine", "value");
	tar_file("d/file", 04711, "content");
	tar_pax("mtime", "77.5");
	tar_symlink("d/link", "file");
	with.mode = 0640;
	tar_entry('6', "d/fifo", "", 0);
	layer_done();
	tar_hardlink("e/hard", "d/file");
	tar_hardlink("again", "d/file");
	tar_hardlink("third", "again");
	tar_hardlink("soft", "d/link");
	tar_hardlink("pipe", "d/fifo");
	unpacks();
	settles();
	assert_string_equal(look("e/hard"), "f 4711 content");
	assert_string_equal(look("d/file"), "f 4711 content");
	assert_string_equal(attribute("e/hard", "user.mine"), "value");
	assert_int_equal(stat_of("d/file").st_mtim.tv_sec, 66);
	assert_int_equal(stat_of("d/file").st_mtim.tv_nsec, 500000000);
	assert_int_equal(stat_of("d/file").st_nlink, 4);
	assert_int_equal(stat_of("third").st_ino, stat_of("d/file").st_ino);
	assert_string_equal(look("soft"), "l file");
	assert_int_equal(stat_of("soft").st_mtim.tv_sec, 77);
	assert_string_equal(look("pipe"), "p 0640");
	assert_string_equal(look("d"), "d 0750");
	assert_int_equal(stat_of("d").st_mtim.tv_sec, 55);
	assert_string_equal(look("e"), "d 0755");
	assert_string_equal(look_in(lowers[0], "d/file"), "f 4711 content");
}

static void test_a_target_that_comes_later_in_the_layer_is_linked(void **state)
{
	(void)state;
	tar_hardlink("early", "late");
	tar_hardlink("replaced", "late");
	tar_file("late", 0644, "x");
	tar_file("replaced", 0644, "by a later entry");
	tar_hardlink("hidden", "late");
	tar_file(".wh.hidden", 0644, "");
	unpacks();
	settles();
	assert_int_equal(stat_of("early").st_ino, stat_of("late").st_ino);
	assert_string_equal(look("replaced"), "f 0644 by a later entry");
	assert_string_equal(look("hidden"), "f 0644 x");
}

static void test_the_nearest_layer_has_the_target_and_marks_hide_those_below(void **state)
{
	(void)state;
	tar_file("near", 0644, "old");
	tar_file("white", 0644, "old");
	tar_file("o/file", 0644, "old");
	tar_file("dir/file", 0644, "old");
	layer_done();
	tar_file("near", 0644, "new");
	tar_file(".wh.white", 0644, "");
	tar_directory("o", 0755);
	tar_file("o/.wh..wh..opq", 0644, "");
	tar_file("dir", 0644, "a file now");
	layer_done();
	tar_directory("unrelated", 0755);
	layer_done();
	tar_hardlink("link", "near");
	unpacks();
	settles();
	assert_string_equal(look("link"), "f 0644 new");
	tar_start();
	tar_hardlink("link2", "white");
	doesnt_settle("the hard link link2: its target white is not found");
	tar_start();
	tar_hardlink("link3", "o/file");
	doesnt_settle("o/file is not found");
	tar_start();
	tar_hardlink("link4", "dir/file");
	doesnt_settle("dir/file is not found");
	tar_start();
	tar_hardlink("link5", "unrelated");
	doesnt_settle("leads to the directory unrelated");
}

static void test_whiteouts_of_the_layer_itself_hide_a_target(void **state)
{
	(void)state;
	tar_file("file", 0644, "x");
	tar_file("d/file", 0644, "x");
	layer_done();
	tar_file(".wh.file", 0644, "");
	tar_hardlink("link", "file");
	doesnt_settle("file is not found");
}

static void test_a_target_is_found_through_the_links_of_lower_layers(void **state)
{
	(void)state;
	tar_directory("usr", 0755);
	tar_directory("usr/lib", 0711);
	tar_file("usr/lib/file", 0644, "x");
	tar_symlink("lib", "usr/lib");
	tar_symlink("usr/lib/up", "../../lib");
	tar_symlink("absolute", "/usr/lib/up/.");
	tar_symlink("loop", "loop");
	tar_symlink("out", "../../../../../../../../../../etc");
	layer_done();
	tar_hardlink("one", "lib/file");
	tar_hardlink("two", "absolute/file");
	unpacks();
	settles();
	assert_string_equal(look("one"), "f 0644 x");
	assert_int_equal(stat_of("two").st_ino, stat_of("usr/lib/file").st_ino);
	assert_string_equal(look("usr/lib"), "d 0711");
	assert_string_equal(look("lib"), "-");
	tar_start();
	tar_hardlink("three", "loop/file");
	doesnt_settle("find loop/file in the layers");
	tar_start();
	tar_hardlink("four", "out/passwd");
	doesnt_settle("out/passwd is not found");
}

static void test_links_lead_through_a_limited_number_of_directories(void **state)
{
	(void)state;
	tar_file("a/b/c/file", 0644, "x");
	tar_symlink("l", "a/b/c/../../../a/b/c/../../../a/b/c/../../../a/b/c");
	layer_done();
	limits.lookups = 60;
	tar_hardlink("one", "l/file");
	unpacks();
	settles();
	assert_string_equal(look("one"), "f 0644 x");
	tar_start();
	for (char name[] = "two0"; name[3] < '9'; name[3]++)
		tar_hardlink(name, "l/file");
	doesnt_settle("too many directories of the layers below, l/file");
}

static void test_links_to_devices_are_left_out_with_them(void **state)
{
	(void)state;
	tar_entry('3', "dev/null", "", 0);
	tar_hardlink("dev/zero", "dev/null");
	tar_hardlink("dev/zero2", "dev/zero");
	unpacks();
	settles();
	assert_string_equal(look("dev"), "d 0755");
	assert_string_equal(look("dev/zero2"), "-");
}

static void test_holes_stay_holes_and_copies_count_for_the_limit(void **state)
{
	autoclose int fd = -1;

	(void)state;
	tar_file("sparse", 0644, "begin");
	tar_file("large", 0644, "x");
	unpacks();
	fd = openat(layer, "sparse", O_RDWR | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "end", 3, 8 << 20), 3);
	assert_int_equal(ftruncate(fd, 16 << 20), 0);
	next_layer();
	tar_hardlink("link", "sparse");
	unpacks();
	settles();
	assert_int_equal(stat_of("link").st_size, 16 << 20);
	assert_true(stat_of("link").st_blocks * 512 < 1 << 20);
	forget_notes();
	tar_start();
	tar_hardlink("link2", "large");
	unpacks();
	limits.size = 100;
	assert_int_equal(settle(), -1);
	assert_non_null(strstr(err.text, "more than 100 bytes"));
}

/* ---- directories that aren't listed ---- */

static void test_implied_directories_take_the_attributes_of_the_nearest_layer(void **state)
{
	(void)state;
	with.mtime = 111;
	tar_directory("tmp", 01777);
	tar_pax("SCHILY.xattr.user.mine", "value");
	tar_directory("tmp/sub", 02750);
	tar_directory("o", 0700);
	tar_directory("o/in", 0711);
	tar_directory("w", 0700);
	tar_directory("f", 0700);
	layer_done();
	tar_directory("tmp", 01777);
	tar_directory("o", 0722);
	tar_file("o/.wh..wh..opq", 0644, "");
	tar_file(".wh.w", 0644, "");
	tar_file("f", 0644, "x");
	layer_done();
	tar_file("tmp/sub/new/file", 0644, "x");
	tar_file("o/in/file", 0644, "x");
	tar_file("w/file", 0644, "x");
	tar_file("f/file", 0644, "x");
	unpacks();
	settles();
	assert_string_equal(look("tmp"), "d 1777");
	assert_string_equal(look("tmp/sub"), "d 2750");
	assert_string_equal(attribute("tmp/sub", "user.mine"), "value");
	assert_int_equal(stat_of("tmp/sub").st_mtim.tv_sec, 1000);
	assert_int_equal(stat_of("tmp").st_mtim.tv_sec, 1000);
	assert_string_equal(look("tmp/sub/new"), "d 0755");
	assert_string_equal(look("o"), "d 0722");
	assert_string_equal(look("o/in"), "d 0755");
	assert_string_equal(look("w"), "d 0755");
	assert_string_equal(look("f"), "d 0755");
}

static void test_a_directory_that_is_listed_later_is_not_implied(void **state)
{
	(void)state;
	tar_directory("d", 01777);
	layer_done();
	tar_file("d/file", 0644, "x");
	tar_directory("d", 0711);
	unpacks();
	assert_false(result.depends);
	assert_string_equal(look("d"), "d 0711");
}

/* An opaque mark hides what is in the directory; the directory itself is the lower layer's. */
static void test_marks_of_the_layer_itself_count_for_its_directories(void **state)
{
	(void)state;
	tar_directory("d", 0711);
	tar_directory("d/sub", 0711);
	tar_directory("w", 0711);
	layer_done();
	tar_file("d/.wh..wh..opq", 0644, "");
	tar_file("d/sub/file", 0644, "x");
	tar_file(".wh.w", 0644, "");
	tar_file("w/file", 0644, "x");
	tar_directory("later", 0711);
	tar_file("later/.wh.gone", 0644, "");
	tar_file(".wh.later", 0644, "");
	unpacks();
	settles();
	/* The overlay would list the whiteout as a file. */
	assert_string_equal(look("later"), "d 0711 opaque");
	assert_string_equal(look("later/gone"), "-");
	assert_string_equal(look("d"), "d 0711 opaque");
	assert_string_equal(look("d/sub"), "d 0755");
	assert_string_equal(look("w"), "d 0755 opaque");
}

static void test_a_layer_without_layers_below_settles(void **state)
{
	(void)state;
	tar_file("a/b/file", 0644, "x");
	unpacks();
	assert_string_equal(look("a/b"), "d 0755 implied");
	settles();
	assert_string_equal(look("a"), "d 0755");
	assert_string_equal(look("a/b"), "d 0755");
}

static void test_a_directory_behind_a_dangling_link_is_the_lower_layers(void **state)
{
	(void)state;
	tar_directory("usr", 0711);
	tar_directory("usr/lib", 0722);
	layer_done();
	tar_symlink("lib", "usr/lib");
	tar_file("lib/file", 0644, "x");
	unpacks();
	settles();
	assert_string_equal(look("lib"), "l usr/lib");
	assert_string_equal(look("usr"), "d 0711");
	assert_string_equal(look("usr/lib"), "d 0722");
	assert_string_equal(look("usr/lib/file"), "f 0644 x");
}

/* ---- an opaque top ---- */

static void test_an_opaque_top_hides_every_name_below(void **state)
{
	(void)state;
	tar_file("file", 0644, "x");
	tar_directory("d", 0711);
	tar_file("both", 0644, "x");
	layer_done();
	tar_symlink("second", "x");
	layer_done();
	tar_file(".wh..wh..opq", 0644, "");
	tar_file("d/new", 0644, "x");
	tar_file("both", 0600, "y");
	tar_file("d/.wh.gone", 0644, "");
	unpacks();
	settles();
	assert_string_equal(look("d/gone"), "-");
	assert_string_equal(look("file"), "whiteout");
	assert_string_equal(look("second"), "whiteout");
	assert_string_equal(look("d"), "d 0755 opaque");
	assert_string_equal(look("both"), "f 0600 y");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, settle_start, settle_end)
	const struct CMUnitTest tests[] = {
		TEST(test_a_target_of_a_lower_layer_is_copied_to_both_names),
		TEST(test_a_target_that_comes_later_in_the_layer_is_linked),
		TEST(test_the_nearest_layer_has_the_target_and_marks_hide_those_below),
		TEST(test_whiteouts_of_the_layer_itself_hide_a_target),
		TEST(test_a_target_is_found_through_the_links_of_lower_layers),
		TEST(test_links_lead_through_a_limited_number_of_directories),
		TEST(test_links_to_devices_are_left_out_with_them),
		TEST(test_holes_stay_holes_and_copies_count_for_the_limit),
		TEST(test_implied_directories_take_the_attributes_of_the_nearest_layer),
		TEST(test_a_directory_that_is_listed_later_is_not_implied),
		TEST(test_marks_of_the_layer_itself_count_for_its_directories),
		TEST(test_a_layer_without_layers_below_settles),
		TEST(test_a_directory_behind_a_dangling_link_is_the_lower_layers),
		TEST(test_an_opaque_top_hides_every_name_below),
	};

	return cmocka_run_group_tests(tests, layer_scratch, layer_scratch_remove);
}
