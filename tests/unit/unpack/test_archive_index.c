// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/base/tar.h"
#include "core/unpack/archive_index.h"

struct member {
	enum tar_kind kind;
	const char *name;
	const char *text; /* of a file: its content; of a link: where it leads */
};

static void write_member(struct tar_writer *writer, const struct member *member)
{
	bool is_file = member->kind == TAR_FILE;
	size_t size = is_file ? strlen(member->text) : 0, room;
	struct error err = ERROR_NONE;
	struct tar_entry entry = {
		.kind = member->kind,
		.name = (char *)member->name,
		.link = is_file ? NULL : (char *)member->text,
		.mode = 0644,
		.size = size,
	};
	char *bytes;

	assert_int_equal(tar_write_entry(writer, &entry, &err), 0);
	if (size > 0) {
		assert_int_equal(tar_write_room(writer, size, &bytes, &room, &err), 0);
		assert_int_equal(room, size);
		memcpy(bytes, member->text, size);
		tar_write_advance(writer, size);
	}
	assert_int_equal(tar_write_end_entry(writer, &err), 0);
}

static int make_archive(const struct member *members, size_t count)
{
	int fd = memfd_create("archive", MFD_CLOEXEC);
	struct error err = ERROR_NONE;
	struct tar_writer writer;

	assert_true(fd >= 0);
	tar_writer_init(&writer, fd, NULL);
	for (size_t i = 0; i < count; i++)
		write_member(&writer, &members[i]);
	assert_int_equal(tar_write_end(&writer, &err), 0);
	tar_writer_release(&writer);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void assert_file(const struct archive_index *index, const char *name, const char *text)
{
	const struct archive_file *file = archive_find(index, name);
	char bytes[64] = "";

	assert_non_null(file);
	assert_int_equal(file->part.size, strlen(text));
	assert_int_equal(pread(file->part.fd, bytes, strlen(text), (off_t)file->part.offset),
			 strlen(text));
	assert_string_equal(bytes, text);
}

static void files_are_found_by_their_names_and_by_links(void **state)
{
	static const struct member members[] = {
		{ TAR_FILE, "./manifest.json", "[]" },
		{ TAR_FILE, "a/layer.tar", "first" },
		{ TAR_SYMLINK, "b/layer.tar", "../a/layer.tar" },
		{ TAR_HARDLINK, "c/layer.tar", "a/layer.tar" },
		{ TAR_SYMLINK, "d/layer.tar", "../../../b/layer.tar" },
		{ TAR_SYMLINK, "loop", "loop" },
		{ TAR_SYMLINK, "away", "/etc/passwd" },
		{ TAR_FILE, "../above", "above" },
		{ TAR_FILE, "twice", "old" },
		{ TAR_FILE, "twice", "new" },
		{ TAR_FILE, "empty", "" },
	};
	struct archive_index index = { 0 };
	struct error err = ERROR_NONE;
	autoclose int fd = make_archive(members, ARRAY_SIZE(members));

	(void)state;
	assert_int_equal(archive_index_read(fd, &index, &err), 0);
	assert_file(&index, "manifest.json", "[]");
	assert_file(&index, "a/layer.tar", "first");
	assert_file(&index, "b/layer.tar", "first");
	assert_file(&index, "c/layer.tar", "first");
	assert_file(&index, "d/layer.tar", "first");
	assert_file(&index, "twice", "new");
	assert_file(&index, "empty", "");
	assert_null(archive_find(&index, "loop"));
	assert_null(archive_find(&index, "away"));
	assert_null(archive_find(&index, "above"));
	assert_null(archive_find(&index, "nothing"));
	archive_index_release(&index);
}

static void an_archive_that_ends_too_early_is_refused(void **state)
{
	static const struct member members[] = {
		{ TAR_FILE, "first", "some bytes" },
		{ TAR_FILE, "second", "some bytes" },
	};
	struct archive_index index = { 0 };
	struct error err = ERROR_NONE;
	autoclose int fd = make_archive(members, ARRAY_SIZE(members));

	(void)state;
	/* In the middle of the second file's data. */
	assert_int_equal(ftruncate(fd, 3 * 512 + 4), 0);
	assert_int_equal(archive_index_read(fd, &index, &err), -1);
	assert_null(index.files);
	/* Not a tar at all. */
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(pwrite(fd, "text\n", 5, 0), 5);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(archive_index_read(fd, &index, &err), -1);
}

static void what_comes_by_a_pipe_is_copied(void **state)
{
	char directory[] = "/tmp/test-archive-XXXXXX";
	struct error err = ERROR_NONE;
	autoclose int dir = -1, plain = -1, reads = -1, writes = -1;
	char bytes[16] = "";
	int ends[2];

	(void)state;
	assert_non_null(mkdtemp(directory));
	dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	reads = ends[0];
	writes = ends[1];
	assert_int_equal(write(writes, "some text", 9), 9);
	fd_close(&writes);
	assert_int_equal(archive_make_plain(reads, dir, "plain", 100, &plain, &err), 0);
	assert_int_equal(pread(plain, bytes, sizeof(bytes), 0), 9);
	assert_string_equal(bytes, "some text");
	fd_close(&plain);
	unlinkat(dir, "plain", 0);

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	fd_close(&reads);
	reads = ends[0];
	writes = ends[1];
	assert_int_equal(write(writes, "some text", 9), 9);
	fd_close(&writes);
	assert_int_equal(archive_make_plain(reads, dir, "plain", 8, &plain, &err), -1);
	assert_non_null(strstr(err.text, "more than 8 bytes"));
	unlinkat(dir, "plain", 0);
	rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_found_by_their_names_and_by_links),
		cmocka_unit_test(an_archive_that_ends_too_early_is_refused),
		cmocka_unit_test(what_comes_by_a_pipe_is_copied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
