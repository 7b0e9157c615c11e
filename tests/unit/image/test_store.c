// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/str.h"
#include "core/image/manifest.h"
#include "core/image/store.h"
#include "tests/unit/image/store_scratch.h"

static bool is_there(const struct scratch *scratch, const char *path)
{
	return faccessat(scratch->store, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static const struct store_image *find_in(const struct store_index *index, const char *text)
{
	const struct store_image *image = NULL;
	struct error err = ERROR_NONE;

	return store_find_image(index, text, "/home/ann", &image, &err) == 1 ? image : NULL;
}

/* ---- the directory ---- */

static void the_store_is_in_the_data_home(void **state)
{
	struct error err = ERROR_NONE;
	autofree char *data = store_path("//no-data/./", "/home/ann", &err);
	autofree char *home = store_path("", "/home/ann", &err);
	autofree char *relative = store_path("data", "/home/ann", &err);
	autofree char *none = store_path(NULL, "", &err);

	(void)state;
	assert_string_equal(data, "/no-data/urun");
	assert_string_equal(home, "/home/ann/.local/share/urun");
	assert_string_equal(relative, "/home/ann/.local/share/urun");
	assert_null(none);
	assert_non_null(strstr(err.hint, "XDG_DATA_HOME"));
}

static void the_path_of_the_store_has_no_link(void **state)
{
	struct scratch *scratch = *state;
	autofree char *link = str_format("%s/link", scratch->directory);
	autofree char *home = str_format("%s/new/er", link);
	autofree char *below = store_path(link, NULL, &scratch->err);
	autofree char *new = store_path(home, NULL, &scratch->err);
	autofree char *linked = NULL, *made = NULL, *wanted = NULL;

	assert_int_equal(symlink("share", link), 0);
	linked = store_path(link, NULL, &scratch->err);
	assert_string_equal(linked, scratch->path);
	assert_string_not_equal(below, linked);
	made = store_path(home, NULL, &scratch->err);
	wanted = str_format("%s/share/new/er/urun", scratch->directory);
	assert_string_equal(made, wanted);
	assert_string_not_equal(new, made);
}

/* Only root can make a link of another user, and see that it isn't followed. */
static void a_link_of_another_user_is_not_followed(void **state)
{
	struct scratch *scratch = *state;
	autofree char *link = str_format("%s/link", scratch->directory);
	autofree char *kept = str_format("%s/urun", link);
	autofree char *path = NULL;
	bool root = geteuid() == 0;
	int store = -1;

	assert_int_equal(symlink("share", link), 0);
	if (root)
		assert_int_equal(lchown(link, 12345, 12345), 0);
	path = store_path(link, NULL, &scratch->err);
	assert_string_equal(path, root ? kept : scratch->path);
	assert_int_equal(store_open(path, PLACE_MAKE, &store, &scratch->err), root ? -1 : 0);
	if (root)
		assert_non_null(strstr(scratch->err.text, "symbolic link that another user"));
	fd_close(&store);
}

static void a_new_store_is_an_empty_layout_for_its_user_alone(void **state)
{
	struct scratch *scratch = *state;
	automanifest struct image_manifest index = { 0 };
	autostoreindex struct store_index images = { 0 };
	autoclose int again = -1;
	struct stat st;

	assert_int_equal(fstat(scratch->store, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(run_in(scratch->path, "grep -q '\"imageLayoutVersion\":\"1.0.0\"' "
					       "oci-layout && test -d blobs/sha256"),
			 0);
	assert_int_equal(image_manifest_read("{\"schemaVersion\":2,\"manifests\":[]}", 34, NULL,
					     &index, &scratch->err),
			 0);
	assert_int_equal(
		run_in(scratch->path,
		       "test \"$(cat index.json)\" = '{\"schemaVersion\":2,\"manifests\":[]}'"),
		0);
	MUST(store_read_index(scratch->store, &images, &scratch->err));
	assert_int_equal(images.count, 0);
	MUST(store_open(scratch->path, PLACE_MAKE, &again, &scratch->err));
}

static void a_store_is_not_made_by_looking(void **state)
{
	struct scratch *scratch = *state;
	autofree char *path = str_format("%s/other/urun", scratch->directory);
	int store = -1;

	assert_int_equal(store_open(path, PLACE_MUST_EXIST, &store, &scratch->err), -1);
	assert_int_equal(scratch->err.code, ENOENT);
	assert_int_equal(access(path, F_OK), -1);
}

static void a_store_that_others_can_use_is_refused(void **state)
{
	struct scratch *scratch = *state;
	int store = -1;

	chmod(scratch->path, 0750);
	assert_int_equal(store_open(scratch->path, PLACE_MAKE, &store, &scratch->err), -1);
	assert_non_null(strstr(scratch->err.text, "can be used by others (mode 0750)"));
	assert_non_null(strstr(scratch->err.hint, "chmod go="));
}

/* As with sudo and the HOME of the caller; only root can give a directory away, and see it refused. */
static void a_store_in_the_home_of_another_user_is_refused(void **state)
{
	struct scratch *scratch = *state;
	autofree char *path = str_format("%s/new/share/urun", scratch->directory);
	autofree char *home = str_format("%s/new", scratch->directory);
	bool root = geteuid() == 0;
	int store = -1, opened;

	assert_int_equal(mkdir(home, 0755), 0);
	if (root)
		assert_int_equal(chown(home, 12345, 12345), 0);
	opened = store_open(path, PLACE_MAKE, &store, &scratch->err);
	assert_int_equal(opened, root ? -1 : 0);
	if (root)
		assert_non_null(strstr(scratch->err.text, "in a directory of uid 12345"));
	assert_int_equal(access(path, F_OK), root ? -1 : 0);
	fd_close(&store);
	/* As a directory for all users. */
	assert_int_equal(chmod(home, 01777), 0);
	MUST(store_open(path, PLACE_MAKE, &store, &scratch->err));
	fd_close(&store);
}

static void the_place_of_a_store_is_looked_at_before_it_is_made(void **state)
{
	struct scratch *scratch = *state;
	autofree char *path = str_format("%s/new/er/urun", scratch->directory);
	struct store_place place = { 0 };

	MUST(store_examine(scratch->path, &place, &scratch->err));
	assert_true(place.space > 0);
	MUST(store_examine(path, &place, &scratch->err));
	assert_int_equal(access(path, F_OK), -1);
	chmod(scratch->path, 0755);
	assert_int_equal(store_examine(scratch->path, &place, &scratch->err), -1);
	/* The numbers are those of statfs(2). */
	assert_string_equal(store_file_system_refusal(0x6969), "NFS");
	assert_string_equal(store_file_system_refusal(0xf15f), "eCryptfs");
	assert_string_equal(store_file_system_refusal(0x794c7630), "an overlay");
	assert_null(store_file_system_refusal(0xef53));
	assert_null(store_file_system_refusal(0x9123683e));
}

/* ---- images ---- */

static void an_image_is_found_by_its_names_and_digits(void **state)
{
	static const char *const texts[] = {
		"docker.io/library/web:latest",
		"web",
		"docker.io/web",
		"docker://web:latest",
		"aaaa",
		"sha256:aaaaa",
		"bbbbbb",
		"web@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
	};
	struct scratch *scratch = *state;
	autostoreindex struct store_index index = { 0 };

	MUST(pull_image(scratch->store, "docker.io/library/web:latest", 'a', "12", &scratch->err));
	MUST(pull_image(scratch->store, "oci:/home/ann/l:v1", 'c', "13", &scratch->err));
	MUST(store_read_index(scratch->store, &index, &scratch->err));
	assert_int_equal(index.count, 2);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_ptr_equal(find_in(&index, texts[i]), &index.images[0]);
	assert_ptr_equal(find_in(&index, "oci:l:v1"), &index.images[1]);
	assert_ptr_equal(find_in(&index, "cccc"), &index.images[1]);
	assert_null(find_in(&index, "aaa"));
	assert_null(find_in(&index, "web:v2"));
	assert_null(find_in(&index, "aaab"));
	assert_null(find_in(&index, "-"));
	assert_null(find_in(&index, ""));
}

static void an_image_comes_back_as_it_was_added(void **state)
{
	struct scratch *scratch = *state;
	autostoreindex struct store_index index = { 0 };
	const struct store_image *image;

	MUST(pull_image(scratch->store, "web", 'a', "12", &scratch->err));
	MUST(store_read_index(scratch->store, &index, &scratch->err));
	image = find_in(&index, "web");
	assert_non_null(image);
	assert_int_equal(image->manifest.hex[0], 'a');
	assert_int_equal(image->manifest_size, 2);
	assert_int_equal(image->config.hex[0], 'b');
	assert_string_equal(image->platform.architecture, "amd64");
	assert_int_equal(image->layer_count, 2);
	assert_int_equal(image->layers[0].hex[63], '1');
	assert_int_equal(image->layers[1].hex[63], '2');
	assert_int_equal(image->pulled[4], '-');
	assert_int_equal(store_image_size(scratch->store, image), 14);
	assert_true(store_image_is_whole(scratch->store, image, IDS));
	assert_false(store_image_is_whole(scratch->store, image, "0 1000 1"));
}

static void digits_of_two_images_are_refused(void **state)
{
	struct scratch *scratch = *state;
	autostoreindex struct store_index index = { 0 };
	const struct store_image *image = NULL;

	/* The config of the first has the digits of the second's manifest. */
	MUST(pull_image(scratch->store, "one", 'a', "1", &scratch->err));
	MUST(pull_image(scratch->store, "two", 'b', "1", &scratch->err));
	MUST(pull_image(scratch->store, "three", 'a', "1", &scratch->err));
	MUST(store_read_index(scratch->store, &index, &scratch->err));
	assert_int_equal(store_find_image(&index, "bbbb", "/", &image, &scratch->err), -1);
	assert_non_null(strstr(scratch->err.text, "several images"));
	assert_non_null(strstr(scratch->err.hint, "more digits"));
	/* Two names of one image are one. */
	assert_int_equal(store_find_image(&index, "aaaa", "/", &image, &scratch->err), 1);
}

/* One config, and two manifests: the layers are compressed in one of them. */
static void digits_of_a_config_are_one_image_whatever_its_manifests_are(void **state)
{
	struct store_image images[] = {
		{ .name = "archive", .manifest = digest_of('a'), .config = digest_of('c') },
		{ .name = "layout", .manifest = digest_of('b'), .config = digest_of('c') },
		{ .name = "other", .manifest = digest_of('d'), .config = digest_of('e') },
	};
	const struct store_index index = { .images = images, .count = ARRAY_SIZE(images) };
	const struct store_image *image = NULL;
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(store_find_image(&index, "cccccc", "/", &image, &err), 1);
	assert_ptr_equal(image, &images[0]);
	assert_int_equal(store_find_image(&index, "sha256:bbbb", "/", &image, &err), 1);
	assert_ptr_equal(image, &images[1]);
	assert_true(store_image_has_digits(&images[0], "cccc"));
	assert_true(store_image_has_digits(&images[1], "sha256:cccc"));
	assert_true(store_image_has_digits(&images[1], "bbbb"));
	assert_false(store_image_has_digits(&images[0], "bbbb"));
	assert_false(store_image_has_digits(&images[2], "cccc"));
	assert_false(store_image_has_digits(&images[2], "other"));
}

static void a_name_can_change_its_image_and_go(void **state)
{
	static const char *const names[] = { "web", "never" };
	struct scratch *scratch = *state;
	autostoreindex struct store_index first = { 0 }, second = { 0 }, third = { 0 };

	MUST(pull_image(scratch->store, "web", 'a', "1", &scratch->err));
	MUST(pull_image(scratch->store, "db", 'a', "1", &scratch->err));
	MUST(pull_image(scratch->store, "web", 'c', "2", &scratch->err));
	MUST(store_read_index(scratch->store, &first, &scratch->err));
	assert_int_equal(first.count, 2);
	assert_int_equal(find_in(&first, "web")->manifest.hex[0], 'c');
	MUST(store_remove_images(scratch->store, names, 2, &scratch->err));
	MUST(store_read_index(scratch->store, &second, &scratch->err));
	assert_int_equal(second.count, 1);
	assert_string_equal(second.images[0].name, "db");
	MUST(store_remove_images(scratch->store, (const char *const[]){ "db" }, 1, &scratch->err));
	MUST(store_read_index(scratch->store, &third, &scratch->err));
	assert_int_equal(third.count, 0);
	assert_int_equal(run_in(scratch->path, "grep -q '\"manifests\":\\[\\]' index.json"), 0);
}

static void the_index_is_one_of_an_oci_layout(void **state)
{
	struct scratch *scratch = *state;
	automanifest struct image_manifest index = { 0 };
	const struct image_descriptor *entry = NULL;
	struct platform wanted = { "linux", "amd64", "" };
	autofree char *path = str_format("%s/index.json", scratch->path), *bytes = NULL;
	size_t size;

	MUST(pull_image(scratch->store, "docker.io/library/web:latest", 'a', "1", &scratch->err));
	assert_int_equal(fd_read_file(path, IMAGE_DOCUMENT_MAX, &bytes, &size), 0);
	MUST(image_manifest_read(bytes, size, "application/vnd.oci.image.index.v1+json", &index,
				 &scratch->err));
	MUST(image_manifest_find(&index, "docker.io/library/web:latest", -1, &wanted, "store",
				 &entry, &scratch->err));
	assert_int_equal(entry->digest.hex[0], 'a');
	assert_int_equal(entry->size, 2);
}

static void entries_of_others_do_not_disturb(void **state)
{
	struct scratch *scratch = *state;
	autostoreindex struct store_index index = { 0 }, broken = { 0 };

	assert_int_equal(
		run_in(scratch->path,
		       "echo '{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"sha256:0\"},"
		       "{\"annotations\":{\"org.opencontainers.image.ref.name\":\"x\"}}]}' "
		       ">index.json"),
		0);
	MUST(store_read_index(scratch->store, &index, &scratch->err));
	assert_int_equal(index.count, 0);
	assert_int_equal(run_in(scratch->path, "echo '{' >index.json"), 0);
	assert_int_equal(store_read_index(scratch->store, &broken, &scratch->err), -1);
	assert_non_null(strstr(scratch->err.text, "index.json of the image store"));
}

static void a_name_with_orders_to_a_terminal_is_nobodys(void **state)
{
	struct scratch *scratch = *state;
	autostoreindex struct store_index index = { 0 }, forged = { 0 };

	MUST(pull_image(scratch->store, "web", 'a', "1", &scratch->err));
	MUST(store_read_index(scratch->store, &index, &scratch->err));
	assert_int_equal(index.count, 1);
	assert_int_equal(run_in(scratch->path, "sed -i 's/\"web\"/\"web\\\\u001b[2J\"/' "
					       "index.json && grep -q u001b index.json"),
			 0);
	MUST(store_read_index(scratch->store, &forged, &scratch->err));
	assert_int_equal(forged.count, 0);
}

static void an_image_without_its_parts_is_not_added(void **state)
{
	struct scratch *scratch = *state;
	struct digest key = digest_of('7');
	struct store_image image = { .name = "web",
				     .manifest = digest_of('a'),
				     .config = digest_of('b'),
				     .layers = &key,
				     .layer_count = 1 };

	assert_int_equal(store_add_image(scratch->store, &image, &scratch->err), -1);
	assert_int_equal(scratch->err.code, ENOENT);
}

static void blobs_come_back_as_they_are(void **state)
{
	struct scratch *scratch = *state;
	struct digest digest = digest_of('e');
	struct store_pull pull;
	autofree char *bytes = NULL;
	size_t size;

	MUST(store_pull_begin(scratch->store, &pull, &scratch->err));
	assert_int_equal(store_read_blob(scratch->store, &digest, &bytes, &size, &scratch->err),
			 -1);
	assert_int_equal(scratch->err.code, ENOENT);
	MUST(store_add_blob(scratch->store, pull.name, &digest, "{ }\n", 4, &scratch->err));
	MUST(store_add_blob(scratch->store, pull.name, &digest, "{ }\n", 4, &scratch->err));
	/* As after a loss of power. */
	assert_int_equal(run_in(scratch->path, "for i in blobs/sha256/*; do : >$i; done"), 0);
	MUST(store_add_blob(scratch->store, pull.name, &digest, "{ }\n", 4, &scratch->err));
	MUST(store_read_blob(scratch->store, &digest, &bytes, &size, &scratch->err));
	assert_int_equal(size, 4);
	assert_memory_equal(bytes, "{ }\n", 4);
	assert_true(store_pull_end(scratch->store, &pull));
}

/* ---- layers ---- */

static void a_layer_comes_back_as_it_was_added(void **state)
{
	struct scratch *scratch = *state;
	struct store_layer layer = { .key = digest_of('2'),
				     .diff_id = digest_of('3'),
				     .is_chain = true,
				     .parent = digest_of('4'),
				     .size = 1 << 20,
				     .files = 12,
				     .ids = IDS,
				     .note = "a note" };
	autostorelayer struct store_layer read = { 0 };
	char path[STORE_LAYER_PATH_SIZE];
	struct store_pull pull;

	MUST(store_pull_begin(scratch->store, &pull, &scratch->err));
	assert_int_equal(mkdirat(pull.dir, "x", 0700), 0);
	assert_int_equal(store_add_layer(scratch->store, pull.name, "x", &layer, &scratch->err),
			 -1);
	assert_non_null(strstr(scratch->err.text, "not an unpacked layer"));
	assert_int_equal(mkdirat(pull.dir, "x/root", 0755), 0);
	assert_int_equal(store_add_layer(scratch->store, pull.name, "x", &layer, &scratch->err), 0);
	assert_int_equal(store_read_layer(scratch->store, &layer.key, &read, &scratch->err), 1);
	assert_string_equal(read.diff_id.hex, layer.diff_id.hex);
	assert_true(read.is_chain);
	assert_string_equal(read.parent.hex, layer.parent.hex);
	assert_int_equal(read.size, 1 << 20);
	assert_int_equal(read.files, 12);
	assert_string_equal(read.ids, IDS);
	assert_string_equal(read.note, "a note");
	store_layer_path(&layer.key, path);
	assert_true(is_there(scratch, path));
	assert_true(store_pull_end(scratch->store, &pull));
	assert_int_equal(count_entries(scratch, "tmp"), 0);
}

static void names_of_layers_stay_in_the_store(void **state)
{
	struct scratch *scratch = *state;
	struct store_layer layer = { .key = digest_of('2'), .diff_id = digest_of('2'), .ids = "" };
	struct store_pull pull;

	MUST(store_pull_begin(scratch->store, &pull, &scratch->err));
	assert_int_equal(
		store_add_layer(scratch->store, pull.name, "../../layers", &layer, &scratch->err),
		-1);
	assert_int_equal(store_add_layer(scratch->store, "..", "layers", &layer, &scratch->err),
			 -1);
	assert_int_equal(store_pull_keep(scratch->store, "..", &layer.key, &scratch->err), -1);
	assert_int_equal(store_pull_keep(scratch->store, "a/b", &layer.key, &scratch->err), -1);
	assert_true(store_pull_end(scratch->store, &pull));
}

static void the_second_of_two_pulls_takes_the_layer_of_the_first(void **state)
{
	struct scratch *scratch = *state;
	struct store_pull one, two;

	MUST(store_pull_begin(scratch->store, &one, &scratch->err));
	MUST(store_pull_begin(scratch->store, &two, &scratch->err));
	assert_int_equal(add_layer_of(scratch->store, &one, '1', IDS, &scratch->err), 0);
	assert_int_equal(add_layer_of(scratch->store, &two, '1', IDS, &scratch->err), 1);
	assert_true(store_pull_end(scratch->store, &one));
	assert_true(store_pull_end(scratch->store, &two));
	assert_int_equal(count_entries(scratch, "layers"), 1);
	assert_int_equal(count_entries(scratch, "tmp"), 0);
}

static void a_layer_of_other_ids_is_replaced_unless_it_is_used(void **state)
{
	struct scratch *scratch = *state;
	autostoreindex struct store_index index = { 0 };
	struct digest key = digest_of('1');
	struct store_use use;
	struct store_pull pull;
	size_t left = 1;

	MUST(pull_image(scratch->store, "web", 'a', "1", &scratch->err));
	MUST(store_read_index(scratch->store, &index, &scratch->err));
	MUST(store_use_begin(scratch->store, index.images, IDS, "/run/x", "c1", &use,
			     &scratch->err));
	MUST(store_pull_begin(scratch->store, &pull, &scratch->err));
	assert_false(store_has_layer(scratch->store, &key, "other"));
	assert_int_equal(add_layer_of(scratch->store, &pull, '1', "other", &scratch->err), -1);
	assert_non_null(strstr(scratch->err.text, "other ids, and a container uses it"));
	assert_true(store_has_layer(scratch->store, &key, IDS));
	fd_close(&use.dir);
	assert_true(store_use_end(scratch->store, use.name));
	assert_int_equal(add_layer_of(scratch->store, &pull, '1', "other", &scratch->err), 0);
	assert_true(store_has_layer(scratch->store, &key, "other"));
	assert_true(store_pull_end(scratch->store, &pull));
	MUST(store_sweep(scratch->store, &left, &scratch->err));
	assert_int_equal(left, 0);
	assert_int_equal(count_entries(scratch, "tmp"), 0);
}

static void a_damaged_layer_counts_as_not_there(void **state)
{
	struct scratch *scratch = *state;
	struct digest key = digest_of('1');

	MUST(pull_image(scratch->store, "web", 'a', "1", &scratch->err));
	assert_int_equal(run_in(scratch->path, "for i in layers/*/meta.json; do : >\"$i\"; done"),
			 0);
	assert_false(store_has_layer(scratch->store, &key, IDS));
	MUST(pull_image(scratch->store, "web", 'a', "1", &scratch->err));
	assert_true(store_has_layer(scratch->store, &key, IDS));
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, make_store, remove_store)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_store_is_in_the_data_home),
		TEST(the_path_of_the_store_has_no_link),
		TEST(a_link_of_another_user_is_not_followed),
		TEST(a_new_store_is_an_empty_layout_for_its_user_alone),
		TEST(a_store_is_not_made_by_looking),
		TEST(a_store_that_others_can_use_is_refused),
		TEST(a_store_in_the_home_of_another_user_is_refused),
		TEST(the_place_of_a_store_is_looked_at_before_it_is_made),
		TEST(an_image_is_found_by_its_names_and_digits),
		TEST(an_image_comes_back_as_it_was_added),
		TEST(digits_of_two_images_are_refused),
		TEST(digits_of_a_config_are_one_image_whatever_its_manifests_are),
		TEST(a_name_can_change_its_image_and_go),
		TEST(the_index_is_one_of_an_oci_layout),
		TEST(entries_of_others_do_not_disturb),
		TEST(a_name_with_orders_to_a_terminal_is_nobodys),
		TEST(an_image_without_its_parts_is_not_added),
		TEST(blobs_come_back_as_they_are),
		TEST(a_layer_comes_back_as_it_was_added),
		TEST(names_of_layers_stay_in_the_store),
		TEST(the_second_of_two_pulls_takes_the_layer_of_the_first),
		TEST(a_layer_of_other_ids_is_replaced_unless_it_is_used),
		TEST(a_damaged_layer_counts_as_not_there),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
