// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/base/tar.h"
#include "tests/unit/base/scratch.h"

static int archive_of(const char *top, const char *name, int flags)
{
	autofree char *path = str_format("%s/%s", top, name);
	int fd = open(path, flags | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	return fd;
}

static void put_file(struct tar_writer *writer, const struct tar_entry *entry, const char *bytes,
		     size_t size)
{
	struct error err = ERROR_NONE;

	assert_int_equal(tar_write_entry(writer, entry, &err), 0);
	while (size > 0) {
		char *room;
		size_t part;

		assert_int_equal(tar_write_room(writer, size, &room, &part, &err), 0);
		memcpy(room, bytes, part);
		tar_write_advance(writer, part);
		bytes += part;
		size -= part;
	}
	assert_int_equal(tar_write_end_entry(writer, &err), 0);
}

/* The entries that one test writes, another program reads, and our reader too. */
static char long_name[5001], long_link[3001];
static const char sparse_data[516] = {
	[0] = 'm', [512] = 'o', [513] = 'm', [514] = 'a', [515] = 'p'
};

static void write_all_kinds(int fd)
{
	autotarwriter struct tar_writer writer;
	struct tar_extent extents[] = { { 4096, 512 }, { 1 << 20, 4 } };
	struct tar_xattr xattr = { (char *)"user.mark", (char *)"a\0b\nc", 5 };
	const struct tar_entry entries[] = {
		{ .kind = TAR_DIRECTORY, .name = (char *)"d", .mode = 0750, .mtime = { 1000, 0 } },
		{ .kind = TAR_FILE,
		  .name = (char *)"d/file",
		  .mode = 04755,
		  .uid = 3000000000u,
		  .gid = 33,
		  .mtime = { 1234567890, 123456789 },
		  .size = 5,
		  .xattrs = &xattr,
		  .xattr_count = 1 },
		{ .kind = TAR_HARDLINK, .name = (char *)"d/again", .link = (char *)"d/file" },
		{ .kind = TAR_SYMLINK, .name = (char *)"d/sym", .link = long_link },
		{ .kind = TAR_FIFO, .name = (char *)"d/fifo", .mtime = { -2, 750000000 } },
		{ .kind = TAR_CHAR,
		  .name = (char *)"d/null",
		  .device_major = 1,
		  .device_minor = 3 },
		{ .kind = TAR_FILE, .name = long_name, .size = 5 },
		{ .kind = TAR_FILE,
		  .name = (char *)"d/sparse",
		  .mode = 0644,
		  .size = 2 << 20,
		  .sparse = true,
		  .extents = extents,
		  .extent_count = 2 },
	};
	struct error err = ERROR_NONE;

	tar_writer_init(&writer, fd, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++)
		put_file(&writer, &entries[i], entries[i].sparse ? sparse_data : "hello",
			 entries[i].sparse ? sizeof(sparse_data) : entries[i].size);
	assert_int_equal(tar_write_end(&writer, &err), 0);
}

static void fill_names(void)
{
	/* Not deeper than PATH_MAX in one name, which other programs refuse to make. */
	memset(long_name, 'n', sizeof(long_name) - 1);
	for (size_t i = 100; i < sizeof(long_name) - 1; i += 101)
		long_name[i] = '/';
	memset(long_link, 'l', sizeof(long_link) - 1);
}

static void test_what_is_written_is_read(void **state)
{
	autoclose int out = archive_of(*state, "a.tar", O_WRONLY | O_CREAT);
	autoclose int in = archive_of(*state, "a.tar", O_RDONLY);
	autotarreader struct tar_reader reader;
	struct error err = ERROR_NONE;
	static const char *const names[] = { "d/",     "d/file", "d/again", "d/sym",
					     "d/fifo", "d/null", long_name, "d/sparse" };

	fill_names();
	write_all_kinds(out);
	tar_reader_init(&reader, in, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		autotarentry struct tar_entry entry = { 0 };
		autostrbuf struct strbuf data = { 0 };
		uint64_t offset, last = 0;
		const char *bytes;
		size_t size;

		assert_int_equal(tar_read_entry(&reader, &entry, &err), 1);
		assert_string_equal(entry.name, names[i]);
		while (tar_read_data(&reader, &bytes, &size, &offset, &err) == 1) {
			strbuf_add(&data, bytes, size);
			last = offset;
		}
		switch (i) {
		case 1:
			assert_int_equal(entry.mode, 04755);
			assert_true(entry.uid == 3000000000u && entry.gid == 33);
			assert_int_equal(entry.mtime.tv_sec, 1234567890);
			assert_int_equal(entry.mtime.tv_nsec, 123456789);
			assert_string_equal(data.bytes, "hello");
			assert_int_equal(entry.xattr_count, 1);
			assert_string_equal(entry.xattrs[0].name, "user.mark");
			assert_int_equal(entry.xattrs[0].size, 5);
			assert_memory_equal(entry.xattrs[0].value, "a\0b\nc", 5);
			break;
		case 2: assert_string_equal(entry.link, "d/file"); break;
		case 3: assert_string_equal(entry.link, long_link); break;
		case 4:
			assert_int_equal(entry.mtime.tv_sec, -2);
			assert_int_equal(entry.mtime.tv_nsec, 750000000);
			break;
		case 5:
			assert_int_equal(entry.kind, TAR_CHAR);
			assert_true(entry.device_major == 1 && entry.device_minor == 3);
			break;
		case 7:
			assert_true(entry.sparse && entry.size == 2 << 20);
			assert_true(data.size == sizeof(sparse_data));
			assert_memory_equal(data.bytes, sparse_data, data.size);
			assert_int_equal(last, 1 << 20);
			break;
		default: break;
		}
	}
	{
		autotarentry struct tar_entry entry = { 0 };

		assert_int_equal(tar_read_entry(&reader, &entry, &err), 0);
	}
}

/* GNU tar is the judge of what we write. */
static void test_gnu_tar_unpacks_what_is_written(void **state)
{
	autoclose int out = archive_of(*state, "a.tar", O_WRONLY | O_CREAT);

	memset(long_name, 0, sizeof(long_name));
	memset(long_name, 'n', 200);
	memset(long_link, 0, sizeof(long_link));
	memset(long_link, 'l', 300);
	write_all_kinds(out);
	assert_int_equal(
		run_in(*state,
		       "mkdir out && tar -C out --exclude=d/null --no-same-owner --xattrs "
		       "--warning=no-timestamp -xpf a.tar && "
		       "test \"$(cat out/d/file)\" = hello && test out/d/file -ef out/d/again && "
		       "test $(stat -c %Y:%a out/d/file) = 1234567890:4755 && "
		       "test $(stat -c %y out/d/file | cut -c20-29) = .123456789 && test -p out/d/fifo && "
		       "test $(readlink out/d/sym | wc -c) = 301 && "
		       "test $(stat -c %s out/d/sparse) = 2097152 && "
		       "test $(tail -c +1048577 out/d/sparse | head -c 4) = omap && "
		       "test $(du -k out/d/sparse | cut -f1) -le 64 && test -s out/nnnnnnnn*"),
		0);
}

/* Prints what the reader finds: a line for each entry. */
static void list(int fd, struct strbuf *out)
{
	autotarreader struct tar_reader reader;
	struct error err = ERROR_NONE;
	int got;

	tar_reader_init(&reader, fd, NULL);
	for (;;) {
		autotarentry struct tar_entry entry = { 0 };
		uint64_t offset, sum = 0;
		const char *bytes;
		size_t size;

		got = tar_read_entry(&reader, &entry, &err);
		if (got <= 0)
			break;
		while (tar_read_data(&reader, &bytes, &size, &offset, &err) == 1)
			for (size_t i = 0; i < size; i++)
				sum = sum * 31 + (unsigned char)bytes[i] +
				      (bytes[i] ? offset + i : 0);
		strbuf_addf(out, "%.60s %zu %d %o %s %" PRIu64 " %d\n", entry.name,
			    strlen(entry.name), entry.kind, entry.mode,
			    entry.link ? entry.link : "-", entry.size, sum != 0);
	}
	if (got < 0)
		strbuf_addf(out, "%s\n", err.text);
}

static void test_all_forms_of_gnu_tar_are_read(void **state)
{
	static const struct {
		const char *option;
		bool has_long, has_sparse;
	} forms[] = {
		{ "--format=gnu --sparse", true, true },
		{ "--format=oldgnu --sparse", true, true },
		{ "--format=pax --sparse", true, true },
		{ "--format=pax --sparse --sparse-version=0.0", true, true },
		{ "--format=pax --sparse --sparse-version=0.1", true, true },
		{ "--format=pax --xattrs", true, false },
		{ "--format=ustar", false, false },
		{ "--format=v7", false, false },
	};

	assert_int_equal(
		run_in(*state,
		       "mkdir -p t && cd t && echo hello >file && ln file hard && ln -s file sym && "
		       "mkfifo fifo && mkdir dir && chmod 700 dir && "
		       "n=$(printf %0150d 7) && mkdir -p long/$n/$n && echo x >long/$n/$n/f && "
		       "truncate -s 9G sparse && for i in 1 2 3 4 5 6 7 8; do "
		       "echo data | dd of=sparse bs=1M seek=$((i * 3)) conv=notrunc status=none; done"),
		0);
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		autofree char *script = str_format(
			"tar -C t %s --sort=name -cf a.tar dir fifo file hard sym %s %s 2>/dev/null",
			forms[i].option, forms[i].has_long ? "long" : "",
			forms[i].has_sparse ? "sparse" : "");
		autoclose int in = -1;
		autostrbuf struct strbuf out = { 0 };

		if (str_equal(forms[i].option, "--format=v7"))
			script =
				(free(script),
				 str_dup("tar -C t --format=v7 --sort=name -cf a.tar dir file hard sym"));
		assert_int_equal(run_in(*state, script), 0);
		in = archive_of(*state, "a.tar", O_RDONLY);
		list(in, &out);

		assert_non_null(strstr(out.bytes, "dir/ 4 5 700 - 0 0\n"));
		assert_non_null(strstr(out.bytes, "file 4 0 644 - 6 1\n"));
		assert_non_null(strstr(out.bytes, "hard 4 1 644 file 0 0\n"));
		assert_non_null(strstr(out.bytes, "sym 3 2 777 file 0 0\n"));
		if (forms[i].has_long)
			assert_non_null(strstr(out.bytes, " 308 0 644 - 2 1\n"));
		if (forms[i].has_sparse)
			assert_non_null(strstr(out.bytes, "sparse 6 0 644 - 9663676416 1\n"));
	}
}

static void expect_failure(const void *bytes, size_t size, const char *text)
{
	autotarreader struct tar_reader reader;
	struct error err = ERROR_NONE;
	int got = 1;

	tar_reader_init_bytes(&reader, bytes, size);
	while (got > 0) {
		autotarentry struct tar_entry entry = { 0 };

		got = tar_read_entry(&reader, &entry, &err);
	}
	assert_int_equal(got, -1);
	if (!strstr(err.text, text))
		fail_msg("'%s' isn't '%s'", err.text, text);
}

/* Makes a pax header of @records, whose lengths are right or wrong as they stand, and a file. */
static void with_records(const char *records, char archive[static 2048])
{
	char path[] = "/tmp/test-tar-records-XXXXXX";
	autoclose int fd = mkstemp(path);
	autotarwriter struct tar_writer writer;
	struct tar_entry entry = { .kind = TAR_FILE, .name = (char *)"x", .size = strlen(records) };
	struct tar_entry file = { .kind = TAR_FILE, .name = (char *)"file", .size = 0 };
	unsigned int sum;
	struct error err = ERROR_NONE;

	unlink(path);
	tar_writer_init(&writer, fd, NULL);
	put_file(&writer, &entry, records, strlen(records));
	put_file(&writer, &file, "", 0);
	assert_int_equal(tar_write_end(&writer, &err), 0);
	memset(archive, 0, 2048);
	assert_true(pread(fd, archive, 2048, 0) > 1024);
	archive[156] = 'x';
	memset(archive + 148, ' ', 8);
	sum = 0;
	for (int i = 0; i < 512; i++)
		sum += (unsigned char)archive[i];
	snprintf(archive + 148, 8, "%06o", sum);
}

static void test_hostile_streams_are_refused(void **state)
{
	static const struct {
		const char *records, *text;
	} records[] = {
		{ "9999999999 path=x\n", "without a proper length" },
		{ "4 a=b\n", "without a proper length" },
		{ "0 a=b\n", "without a proper length" },
		{ "99999999999999999999 a=b\n", "without a proper length" },
		{ "6 path\n", "without a proper length" },
		{ "10 size=-1\n", "without a proper length" },
		{ "11 size=-1\n", "'size' without a proper value" },
		{ "28 size=9223372036854775808\n", "'size' without a proper value" },
		{ "18 uid=4294967296\n", "'uid' without a proper value" },
		{ "13 mtime=abc\n", "'mtime' without a proper value" },
		{ "8 path=\n", "'path' without a proper value" },
		{ "22 GNU.sparse.major=1\n31 GNU.sparse.realsize=1000000\n", "a wrong map" },
		{ "22 GNU.sparse.major=1\n", "without a size" },
		{ "22 GNU.sparse.map=5,1\n25 GNU.sparse.realsize=3\n", "a wrong map" },
		{ "23 GNU.sparse.map=0,1,\n", "without a proper value" },
		{ "11 GNU.x=1\n8 =novalue", "without a" },
	};
	char archive[2048];
	char zeros[512] = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(records); i++) {
		with_records(records[i].records, archive);
		expect_failure(archive, sizeof(archive), records[i].text);
	}
	with_records("", archive);
	expect_failure("", 0, "it is empty");
	expect_failure("hello\n", 6, "not the header of a tar archive");
	expect_failure("\x1f\x8b\x08 rest", 8, "compressed by gzip");
	expect_failure(archive, 100, "not the header");
	expect_failure(archive, 512, "ends in the middle");
	expect_failure(archive, 1536 - 512 * 1, "ends in the middle");
	memset(zeros, 'z', sizeof(zeros));
	expect_failure(zeros, sizeof(zeros), "not the header");
}

static void test_a_name_is_cleaned_or_refused(void **state)
{
	static const struct {
		const char *name, *path;
	} names[] = {
		{ "a/b", "a/b" },
		{ "/etc//x/./y/", "etc/x/y" },
		{ "./", "" },
		{ ".", "" },
		{ "///", "" },
		{ "..", NULL },
		{ "a/../b", NULL },
		{ "a/..", NULL },
		{ "..a/b..", "..a/b.." },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		autofree char *path = NULL;
		int result = tar_name_clean(names[i].name, &path);

		assert_int_equal(result, names[i].path ? 0 : -EINVAL);
		if (names[i].path)
			assert_string_equal(path, names[i].path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_is_written_is_read, make_scratch,
						remove_scratch),
		cmocka_unit_test_setup_teardown(test_gnu_tar_unpacks_what_is_written, make_scratch,
						remove_scratch),
		cmocka_unit_test_setup_teardown(test_all_forms_of_gnu_tar_are_read, make_scratch,
						remove_scratch),
		cmocka_unit_test(test_hostile_streams_are_refused),
		cmocka_unit_test(test_a_name_is_cleaned_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
