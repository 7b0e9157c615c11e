// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/unpack/layer_tar.h"

/* ---- entries ---- */

static void test_all_kinds_of_entries_are_made(void **state)
{
	(void)state;
	tar_directory("./", 0755);
	tar_directory("a/", 0751);
	tar_file("a/file", 0640, "content");
	tar_file("./a/empty", 0600, "");
	tar_symlink("a/link", "/etc/passwd");
	tar_hardlink("hard", "a/file");
	with.mode = 0622;
	tar_entry('6', "a/fifo", "", 0);
	unpacks();
	assert_string_equal(look("a"), "d 0751");
	assert_string_equal(look("a/file"), "f 0640 content");
	assert_string_equal(look("a/empty"), "f 0600 ");
	assert_string_equal(look("a/link"), "l /etc/passwd");
	assert_string_equal(look("a/fifo"), "p 0622");
	assert_int_equal(stat_of("hard").st_ino, stat_of("a/file").st_ino);
	assert_int_equal(result.size, 7);
	assert_int_equal(result.files, 7);
	assert_true(result.lists_top);
	assert_false(result.depends);
}

static void test_modes_keep_their_special_bits_whatever_the_umask(void **state)
{
	mode_t old = umask(077);

	(void)state;
	tar_directory("", 0555);
	tar_directory("none", 0);
	tar_file("none/file", 0, "x");
	tar_directory("read", 0555);
	tar_directory("read/sub", 0500);
	tar_file("read/sub/suid", 06755, "x");
	tar_directory("tmp", 01777);
	tar_directory("group", 02775);
	tar_directory("group/plain", 0755);
	tar_file("group/file", 0644, "x");
	unpacks();
	assert_int_equal(umask(old), 077);
	assert_string_equal(look("."), "d 0555");
	assert_int_equal(stat_of("none").st_mode & 07777, 0);
	assert_int_equal(stat_of("none/file").st_mode & 07777, 0);
	assert_string_equal(look("read"), "d 0555");
	assert_string_equal(look("read/sub/suid"), "f 6755 x");
	assert_string_equal(look("tmp"), "d 1777");
	assert_string_equal(look("group"), "d 2775");
	assert_string_equal(look("group/plain"), "d 0755");
	assert_string_equal(look("group/file"), "f 0644 x");
}

static void assert_mtime(const char *path, long seconds, long nanoseconds)
{
	struct stat st = stat_of(path);

	assert_int_equal(st.st_mtim.tv_sec, seconds);
	assert_int_equal(st.st_mtim.tv_nsec, nanoseconds);
}

static void test_times_are_kept_to_the_nanosecond_also_of_directories(void **state)
{
	(void)state;
	with.mtime = 11;
	tar_directory("./", 0755);
	tar_pax("mtime", "22.123456789");
	tar_directory("a", 0755);
	tar_pax("mtime", "33.000000001");
	tar_directory("a/b", 0755);
	tar_pax("mtime", "44.5");
	tar_file("a/b/file", 0644, "x");
	tar_pax("mtime", "55.25");
	tar_symlink("a/link", "b");
	tar_pax("mtime", "66.75");
	tar_pax("atime", "77.5");
	tar_file("top", 0644, "x");
	tar_hardlink("a/hard", "top");
	tar_directory("other", 0755);
	tar_file("a/later", 0644, "x");
	unpacks();
	assert_mtime(".", 11, 0);
	assert_mtime("a", 22, 123456789);
	assert_mtime("a/b", 33, 1);
	assert_mtime("a/b/file", 44, 500000000);
	assert_mtime("a/link", 55, 250000000);
	assert_mtime("top", 66, 750000000);
	assert_int_equal(stat_of("top").st_atim.tv_nsec, 500000000);
	assert_mtime("other", 1000, 0);
}

static void test_long_names_come_by_pax_and_by_gnu_records(void **state)
{
	autofree char *deep = mem_alloc(2000);
	char name[256];

	(void)state;
	memset(name, 'n', 250);
	strcpy(name + 250, "\xcc\x81");
	for (int i = 0; i < 6; i++)
		strcat(strcat(deep, i ? "/" : ""), name);
	for (char *slash = deep; (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		tar_pax("path", deep);
		tar_directory("x", 0755);
		*slash = '/';
	}
	tar_header('L', "././@LongLink", strlen(deep) + 1);
	strbuf_add(&tar, deep, strlen(deep) + 1);
	tar_pad();
	tar_file("x", 0644, "deep");
	tar_pax("linkpath", deep);
	tar_hardlink("short", "x");
	tar_pax("path", "e\xcc\x81\xff\x01");
	tar_file("x", 0644, "bytes");
	unpacks();
	assert_string_equal(look(deep), "f 0644 deep");
	assert_string_equal(look("short"), "f 0644 deep");
	assert_string_equal(look("e\xcc\x81\xff\x01"), "f 0644 bytes");
}

static void test_holes_of_a_sparse_file_stay_holes(void **state)
{
	static const char data[1024] = "begin";
	char *header;
	struct stat st;

	(void)state;
	with.mode = 0644;
	tar_header('S', "sparse", sizeof(data));
	header = tar.bytes + tar.size - BLOCK;
	memcpy(header + 257, "ustar  ", 8);
	/* Content: 512 bytes at 0, and 512 bytes at 1 MiB; the file has 4 MiB. */
	snprintf(header + 386, 12, "%011o", 0);
	snprintf(header + 398, 12, "%011o", 512);
	snprintf(header + 410, 12, "%011o", 1 << 20);
	snprintf(header + 422, 12, "%011o", 512);
	snprintf(header + 483, 12, "%011o", 4 << 20);
	tar_sum(header);
	strbuf_add(&tar, data, sizeof(data));
	tar_file("next", 0644, "x");
	unpacks();
	st = stat_of("sparse");
	assert_int_equal(st.st_size, 4 << 20);
	assert_true(st.st_blocks * 512 < 1 << 20);
	assert_string_equal(look("sparse"), "f 0644 begin");
	assert_string_equal(look("next"), "f 0644 x");
	assert_int_equal(result.size, 1025);
}

/* ---- bytes ---- */

/* Adds the compressed bytes to @blob, as a gzip member or zstd frame of their own. */
static void add_compressed(struct strbuf *blob, int (*filter)(struct archive *), const char *bytes,
			   size_t size)
{
	struct archive *archive = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	size_t room = size + 65536, used;
	autofree char *out = mem_alloc(room);

	filter(archive);
	archive_write_set_format_raw(archive);
	archive_write_set_bytes_in_last_block(archive, 1);
	assert_int_equal(archive_write_open_memory(archive, out, room, &used), ARCHIVE_OK);
	archive_entry_set_filetype(entry, AE_IFREG);
	assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
	assert_int_equal(archive_write_data(archive, bytes, size), size);
	assert_int_equal(archive_write_close(archive), ARCHIVE_OK);
	archive_write_free(archive);
	archive_entry_free(entry);
	strbuf_add(blob, out, used);
}

/* Compresses the tar; the caller frees. */
static char *compressed(int (*filter)(struct archive *), size_t *ret_size)
{
	struct strbuf blob = { 0 };

	add_compressed(&blob, filter, tar.bytes, tar.size);
	*ret_size = blob.size;
	return blob.bytes;
}

static void test_gzip_and_zstd_are_found_by_content_and_have_the_same_diff_id(void **state)
{
	autofree char *gzip = NULL, *zstd = NULL;
	struct layer_result plain;
	size_t size;

	(void)state;
	tar_file("file", 0644, "content");
	unpacks();
	plain = result;
	gzip = compressed(archive_write_add_filter_gzip, &size);
	assert_int_equal(unpack_bytes(gzip, size), 0);
	assert_string_equal(result.diff_id, plain.diff_id);
	zstd = compressed(archive_write_add_filter_zstd, &size);
	input.diff_id = plain.diff_id;
	input.size = size;
	assert_int_equal(unpack_bytes(zstd, size), 0);
	assert_string_equal(look("file"), "f 0644 content");
}

/* As tools make them that want to read a part of a layer. */
static void test_layers_in_many_members_are_whole_layers(void **state)
{
	static int (*const filters[])(struct archive *) = { archive_write_add_filter_gzip,
							    archive_write_add_filter_zstd };
	static const char skipped[] = "\x5e\x2a\x4d\x18\4\0\0\0toc!";
	struct layer_result plain;

	(void)state;
	tar_file("file", 0644, "content");
	unpacks();
	plain = result;
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		autostrbuf struct strbuf blob = { 0 };

		for (size_t at = 0; at < tar.size; at += 700)
			add_compressed(&blob, filters[i], tar.bytes + at,
				       tar.size - at < 700 ? tar.size - at : 700);
		if (filters[i] == archive_write_add_filter_zstd)
			strbuf_add(&blob, skipped, sizeof(skipped) - 1);
		input.size = blob.size;
		assert_int_equal(unpack_bytes(blob.bytes, blob.size), 0);
		assert_string_equal(result.diff_id, plain.diff_id);
	}
}

static void test_a_layer_that_is_compressed_twice_is_refused(void **state)
{
	autostrbuf struct strbuf once = { 0 }, twice = { 0 };

	(void)state;
	tar_end();
	add_compressed(&once, archive_write_add_filter_gzip, tar.bytes, tar.size);
	add_compressed(&twice, archive_write_add_filter_gzip, once.bytes, once.size);
	assert_int_equal(unpack_bytes(twice.bytes, twice.size), -1);
	assert_string_equal(err.text, "the layer is compressed twice");
}

/* Source: sha256sum of 1024 zero bytes, and of no bytes. */
#define ZEROS_1024 "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
#define NO_BYTES   "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void test_a_layer_without_entries_is_one(void **state)
{
	(void)state;
	input.digest = ZEROS_1024;
	input.size = 1024;
	unpacks();
	assert_string_equal(result.diff_id, ZEROS_1024);
	input = (struct layer_input){ .read = deliver, .size = 0, .diff_id = NO_BYTES };
	if (unpack_bytes("", 0) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(result.diff_id, NO_BYTES);
}

static void test_a_wrong_digest_is_refused(void **state)
{
	(void)state;
	input.digest = NO_BYTES;
	refuses("and the manifest says sha256:" NO_BYTES);
	tar_start();
	input.digest = NULL;
	input.diff_id = NO_BYTES;
	refuses("and the image's config says sha256:" NO_BYTES);
}

static void test_a_blob_of_another_size_is_refused(void **state)
{
	(void)state;
	input.size = 1025;
	refuses("ends after 1024 of the 1025 bytes");
	tar_start();
	tar_file("first", 0644, "x");
	piece = 1;
	input.size = 2047;
	refuses("more than the 2047 bytes");
	/* Bytes behind the tar count. */
	tar_start();
	tar_end();
	input.size = 1024;
	refuses("more than the 1024 bytes");
}

static void test_a_wrong_blob_is_the_cause_of_what_else_is_wrong_with_it(void **state)
{
	autofree char *gzip = NULL;
	size_t size;

	(void)state;
	tar_file("file", 0644, "content");
	tar_end();
	gzip = compressed(archive_write_add_filter_gzip, &size);
	gzip[size / 2] ^= 0x55;
	assert_int_equal(unpack_bytes(gzip, size), -1);
	assert_non_null(strstr(err.text, "decompress"));
	input.digest = NO_BYTES;
	assert_int_equal(unpack_bytes(gzip, size), -1);
	assert_non_null(strstr(err.text, "the manifest says sha256:"));
	input = (struct layer_input){ .read = deliver, .size = size };
	assert_int_equal(unpack_bytes(gzip, size / 2), -1);
	assert_non_null(strstr(err.text, "ends after"));
}

static void test_what_is_no_tar_is_refused(void **state)
{
	char text[2000];

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_int_equal(unpack_bytes(text, sizeof(text)), -1);
	assert_string_equal(err.text, "the layer is no tar, neither as it is nor in gzip or zstd");
}

static void test_limits_hold(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		tar_file("same", 0644, "x");
	limits.files = 5;
	unpacks();
	tar_file("one more", 0644, "x");
	limits.files = 4;
	refuses("more than 4 files");
	limits = (struct layer_limits){ .size = 5000, .files = 100 };
	refuses("more than 5000 bytes unpacked");
	assert_non_null(strstr(err.hint, "--image-size-limit"));
}

/* A gzip of 64 MiB of zeros has 64 KiB. */
static void test_a_bomb_ends_at_the_limit(void **state)
{
	autofree char *gzip = NULL, *zeros = mem_alloc(64 << 20);
	size_t size;

	(void)state;
	with.mode = 0644;
	tar_entry('0', "bomb", zeros, 64 << 20);
	gzip = compressed(archive_write_add_filter_gzip, &size);
	assert_true(size < 1 << 17);
	limits.size = 1 << 20;
	assert_int_equal(unpack_bytes(gzip, size), -1);
	assert_non_null(strstr(err.text, "more than 1048576 bytes"));
	assert_true(stat_of("bomb").st_size <= 1 << 20);
}

/* The map of the holes is content, which a reader of the tar keeps in memory. */
static void test_a_map_of_holes_is_bounded(void **state)
{
	const size_t size = 8 << 20;
	autofree char *map = mem_alloc(size);

	(void)state;
	snprintf(map, 16, "99999999\n");
	for (size_t i = 9; i + 1 < size; i += 2)
		memcpy(map + i, "0\n", 2);
	tar_pax("GNU.sparse.major", "1");
	tar_pax("GNU.sparse.minor", "0");
	tar_pax("GNU.sparse.name", "sparse");
	tar_pax("GNU.sparse.realsize", "1000");
	tar_entry('0', "GNUSparseFile/sparse", map, size);
	refuses("more than 2097152 bytes of headers");
	/* The content of an entry that isn't taken is no header. */
	tar_start();
	with.mode = 0644;
	tar_entry('0', ".wh..wh.plnk/1", map, size);
	tar_file("next", 0644, "x");
	unpacks();
	assert_string_equal(look("next"), "f 0644 x");
}

/* ---- attributes ---- */

static void test_attributes_are_kept_but_orders_to_the_overlay(void **state)
{
	static const char *const orders[] = {
		"user.overlay.opaque",	       "user.overlay.redirect",
		"user.overlay.overlay.opaque", "user.fuseoverlayfs.opaque",
		"user.urun.implied",	       "user.containers.override_stat",
	};

	(void)state;
	tar_pax("SCHILY.xattr.user.mine", "value");
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		autofree char *key = str_format("SCHILY.xattr.%s", orders[i]);

		tar_pax(key, "y");
	}
	tar_pax("SCHILY.xattr.trusted.overlay.opaque", "y");
	tar_pax("SCHILY.xattr.security.selinux", "label");
	tar_directory("d", 0500);
	tar_pax("SCHILY.xattr.user.empty", "");
	tar_pax_bytes("SCHILY.xattr.user.bytes", "a\0b", 3);
	tar_file("f", 0, "x");
	tar_pax("SCHILY.xattr.user.mine", "value");
	tar_symlink("l", "f");
	unpacks();
	assert_string_equal(attribute("d", "user.mine"), "value");
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++)
		assert_string_equal(attribute("d", orders[i]), "-");
	assert_string_equal(attribute("f", "user.empty"), "");
	assert_string_equal(attribute("f", "user.bytes"), "a");
	assert_int_equal(stat_of("f").st_mode & 07777, 0);
}

/* cap_net_raw=ep of revision 2, and of revision 3 with the root of another namespace. */
static const char net_raw_2[20] = "\1\0\0\2\0\x20";
static const char net_raw_3[24] = "\1\0\0\3"
				  "\0\x20\0\0"
				  "\0\0\0\0"
				  "\0\0\0\0"
				  "\0\0\0\0"
				  "\x40\xd0\3";

static void test_capabilities_become_those_of_the_namespace_or_count_as_lost(void **state)
{
	(void)state;
	tar_pax_bytes("SCHILY.xattr.security.capability", net_raw_2, sizeof(net_raw_2));
	tar_file("two", 0755, "x");
	tar_pax_bytes("SCHILY.xattr.security.capability", net_raw_3, sizeof(net_raw_3));
	tar_file("three", 0755, "x");
	tar_pax("SCHILY.xattr.security.capability", "nonsense");
	tar_file("lost", 0755, "x");
	tar_pax("SCHILY.xattr.security.capability",
		"a value that is longer than any that the kernel takes");
	tar_file("longer", 0755, "x");
	unpacks();
	assert_memory_equal(attribute("two", "security.capability"), net_raw_2, 20);
	assert_memory_equal(attribute("three", "security.capability"), net_raw_2, 20);
	assert_string_equal(attribute("lost", "security.capability"), "-");
	assert_int_equal(result.lost_capabilities, 2);
}

static void test_owners_outside_of_the_range_become_root_and_are_counted(void **state)
{
	(void)state;
	with.uid = 12345;
	tar_file("user", 04755, "x");
	with.gid = 23456;
	tar_directory("group", 02755);
	tar_file("group/root", 0644, "x");
	with.uid = with.gid = 12345;
	tar_symlink("link", "x");
	tar_pax("uid", "4294967295");
	tar_file("nobody", 0644, "x");
	tar_pax("uid", "99999999999");
	tar_file("large", 0644, "x");
	tar_file("root", 0644, "x");
	unpacks();
	assert_int_equal(result.outside_ids, 5);
	assert_int_equal(stat_of("user").st_uid, 0);
	assert_string_equal(look("user"), "f 4755 x");
	assert_string_equal(look("group"), "d 2755");
	single_id = true;
	assert_int_equal(unpack_bytes(tar.bytes, tar.size), 0);
	assert_int_equal(result.outside_ids, 5);
}

static void test_devices_are_left_out_and_counted(void **state)
{
	(void)state;
	tar_directory("dev", 0755);
	tar_entry('3', "dev/null", "", 0);
	tar_entry('4', "dev/sda", "", 0);
	/* The same numbers as a whiteout's. */
	tar_entry('3', "zero", "", 0);
	unpacks();
	assert_int_equal(result.devices, 3);
	assert_string_equal(look("dev/null"), "-");
	assert_string_equal(look("zero"), "-");
	assert_false(result.depends);
}

static ssize_t die(void *of, const void **ret_bytes, struct error *die_err)
{
	(void)of;
	(void)ret_bytes;
	(void)die_err;
	raise(SIGKILL);
	_exit(0);
}

/* Its own process is the only one that such a death ends. */
static void test_the_death_of_the_process_that_decompresses_is_an_error(void **state)
{
	(void)state;
	input.read = die;
	input.apart = true;
	assert_int_equal(unpack_bytes("", 0), -1);
	assert_non_null(strstr(err.text, "the process that decompresses a layer was killed by "
					 "signal 9"));
}

static void test_a_store_with_a_default_acl_changes_no_mode(void **state)
{
	/* user::rwx group::--- other::--- */
	static const char acl[] = "\2\0\0\0\1\0\7\0\xff\xff\xff\xff\4\0\0\0\xff\xff\xff\xff"
				  "\x20\0\0\0\xff\xff\xff\xff";

	(void)state;
	/* A file system without ACLs has no default either. */
	(void)fsetxattr(layer, "system.posix_acl_default", acl, sizeof(acl) - 1, 0);
	assert_int_equal(fchmod(layer, 02700), 0);
	tar_directory("d", 0755);
	tar_pax_bytes("SCHILY.xattr.system.posix_acl_default", acl, sizeof(acl) - 1);
	tar_directory("d", 0755);
	tar_file("d/f", 0644, "x");
	unpacks();
	assert_string_equal(look("."), "d 0755");
	assert_string_equal(look("d"), "d 0755");
	assert_string_equal(look("d/f"), "f 0644 x");
}

int main(void)
{
#define TEST(name) LAYER_TEST(name, layer_start, layer_end)
	const struct CMUnitTest tests[] = {
		TEST(test_all_kinds_of_entries_are_made),
		TEST(test_modes_keep_their_special_bits_whatever_the_umask),
		TEST(test_times_are_kept_to_the_nanosecond_also_of_directories),
		TEST(test_long_names_come_by_pax_and_by_gnu_records),
		TEST(test_holes_of_a_sparse_file_stay_holes),
		TEST(test_gzip_and_zstd_are_found_by_content_and_have_the_same_diff_id),
		TEST(test_layers_in_many_members_are_whole_layers),
		TEST(test_a_layer_that_is_compressed_twice_is_refused),
		TEST(test_a_layer_without_entries_is_one),
		TEST(test_a_wrong_digest_is_refused),
		TEST(test_a_blob_of_another_size_is_refused),
		TEST(test_a_wrong_blob_is_the_cause_of_what_else_is_wrong_with_it),
		TEST(test_what_is_no_tar_is_refused),
		TEST(test_limits_hold),
		TEST(test_a_bomb_ends_at_the_limit),
		TEST(test_a_map_of_holes_is_bounded),
		TEST(test_attributes_are_kept_but_orders_to_the_overlay),
		TEST(test_capabilities_become_those_of_the_namespace_or_count_as_lost),
		TEST(test_owners_outside_of_the_range_become_root_and_are_counted),
		TEST(test_devices_are_left_out_and_counted),
		TEST(test_a_store_with_a_default_acl_changes_no_mode),
		cmocka_unit_test_setup_teardown(
			test_the_death_of_the_process_that_decompresses_is_an_error, layer_start,
			layer_end),
	};

	return cmocka_run_group_tests(tests, layer_scratch, layer_scratch_remove);
}
