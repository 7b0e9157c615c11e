// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-image.
#include "core/unpack/archive_index.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/base/str.h"
#include "core/base/tar.h"

#define LINKS_MAX 8

/* ---- a plain tar ---- */

/* The program that has compressed the file, by its first bytes; NULL: none that is known. */
static const char *find_compressor(int fd)
{
	static const struct {
		const char *magic;
		size_t size;
		const char *program;
	} known[] = {
		{ "\x1f\x8b", 2, "gzip" },
		{ "\x28\xb5\x2f\xfd", 4, "zstd" },
		{ "BZh", 3, "bzip2" },
		{ "\xfd\x37zXZ", 5, "xz" },
	};
	unsigned char begin[8] = { 0 };
	ssize_t size = pread(fd, begin, sizeof(begin), 0);

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (size >= (ssize_t)known[i].size &&
		    memcmp(begin, known[i].magic, known[i].size) == 0)
			return known[i].program;
	return NULL;
}

static bool is_plain_tar(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && !find_compressor(fd);
}

static void free_reader(struct archive **reader)
{
	archive_read_free(*reader);
}

static int write_plain(struct archive *reader, int out, uint64_t limit, struct error *err)
{
	uint64_t total = 0;

	for (;;) {
		const void *bytes;
		size_t size;
		la_int64_t offset;
		int result = archive_read_data_block(reader, &bytes, &size, &offset);

		if (result == ARCHIVE_EOF)
			return 0;
		if (result != ARCHIVE_OK)
			return error_set(err, 0, "the archive can't be decompressed: %s",
					 archive_error_string(reader));
		total += size;
		if (total > limit) {
			error_set(err, 0, "the archive has more than %llu bytes",
				  (unsigned long long)limit);
			return error_hint(err, "option --image-size-limit");
		}
		result = fd_write_all(out, bytes, size);
		if (result < 0)
			return error_set(err, -result, "write the decompressed archive");
	}
}

static int decompress(int fd, int out, uint64_t limit, struct error *err)
{
	__attribute__((cleanup(free_reader))) struct archive *reader = archive_read_new();
	struct archive_entry *entry;

	if (!reader)
		return error_set(err, ENOMEM, "read the archive");
	archive_read_support_filter_gzip(reader);
	archive_read_support_filter_zstd(reader);
	archive_read_support_format_raw(reader);
	archive_read_support_format_empty(reader);
	if (archive_read_open_fd(reader, fd, 1 << 17) != ARCHIVE_OK ||
	    archive_read_next_header(reader, &entry) != ARCHIVE_OK)
		return error_set(err, 0, "the archive can't be read%s%s",
				 archive_error_string(reader) ? ": " : "",
				 archive_error_string(reader) ?: "");
	return write_plain(reader, out, limit, err);
}

int archive_make_plain(int fd, int work, const char *name, uint64_t limit, int *ret_fd,
		       struct error *err)
{
	const char *compressor;
	autoclose int out = -1;

	if (is_plain_tar(fd)) {
		out = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	} else {
		out = openat(work, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (out >= 0 && decompress(fd, out, limit, err) < 0)
			return -1;
	}
	if (out < 0 || lseek(out, 0, SEEK_SET) < 0)
		return error_set(err, errno, "open the archive");
	compressor = find_compressor(out);
	if (compressor) {
		error_set(err, 0, "the archive is compressed by %s", compressor);
		return error_hint(err, "decompress it: %s -d", compressor);
	}
	*ret_fd = take_fd(&out);
	return 0;
}

/* ---- the index ---- */

void archive_index_release(struct archive_index *index)
{
	for (size_t i = 0; i < index->count; i++) {
		free(index->files[i].name);
		free(index->files[i].link);
	}
	free(index->files);
	*index = (struct archive_index){ 0 };
}

/* Where the reader stands: what it has read from the file, but for what is still in its buffer. */
static int64_t reader_offset(const struct tar_reader *reader)
{
	return lseek(reader->fd, 0, SEEK_CUR) - (int64_t)(reader->end - reader->start);
}

/* Goes on behind the data of the present entry, without reading the data. */
static int skip_data(struct tar_reader *reader, struct error *err)
{
	uint64_t size = reader->left + reader->padding;
	size_t buffered = reader->end - reader->start;

	reader->left = reader->padding = 0;
	if (size <= buffered) {
		reader->start += (size_t)size;
		return 0;
	}
	reader->start = reader->end = 0;
	return lseek(reader->fd, (off_t)(size - buffered), SEEK_CUR) < 0
		       ? error_set(err, errno, "read the archive")
		       : 0;
}

/*
 * The name in the archive that a link leads to: a symbolic link's text begins at its own directory.
 */
static char *archive_link_target(const struct tar_entry *entry, const char *name)
{
	const char *slash = strrchr(name, '/'), *link = entry->link ? entry->link : "";
	autofree char *joined = NULL, *clean = NULL;

	if (entry->kind == TAR_HARDLINK || link[0] == '/' || !slash)
		joined = str_dup(link);
	else
		joined = str_format("%.*s/%s", (int)(slash - name), name, link);
	clean = path_clean(joined);
	return str_dup(clean + 1);
}

/* Returns 0, or -1; names with ".." belong to no image, and are passed over. */
static int add_entry(const struct tar_reader *reader, const struct tar_entry *entry,
		     struct archive_index *index, struct error *err)
{
	bool is_link = entry->kind == TAR_SYMLINK || entry->kind == TAR_HARDLINK;
	autofree char *name = NULL;
	struct archive_file *file;

	if ((entry->kind != TAR_FILE && !is_link) || tar_name_clean(entry->name, &name) < 0)
		return 0;
	if (entry->sparse)
		return error_set(err, 0, "the archive's file %.200s is sparse", name);
	if (index->count == ARCHIVE_FILES_MAX)
		return error_set(err, 0, "the archive has more than %d files", ARCHIVE_FILES_MAX);
	if ((index->count & (index->count - 1)) == 0)
		index->files = mem_resize(index->files, index->count ? index->count * 2 : 1,
					  sizeof(*index->files));
	file = &index->files[index->count++];
	*file = (struct archive_file){
		.link = is_link ? archive_link_target(entry, name) : NULL,
		.part = { reader->fd, (uint64_t)reader_offset(reader), entry->size },
	};
	file->name = take_ptr(name);
	return 0;
}

static int read_entries(int fd, struct archive_index *index, struct error *err)
{
	autotarreader struct tar_reader reader;

	tar_reader_init(&reader, fd, NULL);
	for (;;) {
		autotarentry struct tar_entry entry = { 0 };
		int got = tar_read_entry(&reader, &entry, err);

		if (got <= 0)
			return got;
		if (add_entry(&reader, &entry, index, err) < 0 || skip_data(&reader, err) < 0)
			return -1;
	}
}

/* A part behind the end of the file would be read as an early end of the blob. */
static int check_bounds(int fd, const struct archive_index *index, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_set(err, errno, "read the archive");
	for (size_t i = 0; i < index->count; i++) {
		const struct file_part *part = &index->files[i].part;

		if (part->offset > (uint64_t)st.st_size ||
		    part->size > (uint64_t)st.st_size - part->offset)
			return error_set(err, 0, "the archive ends in the middle of %.200s",
					 index->files[i].name);
	}
	return 0;
}

int archive_index_read(int fd, struct archive_index *ret_index, struct error *err)
{
	struct archive_index index = { 0 };

	if (read_entries(fd, &index, err) < 0 || check_bounds(fd, &index, err) < 0) {
		archive_index_release(&index);
		return -1;
	}
	*ret_index = index;
	return 0;
}

const struct archive_file *archive_find(const struct archive_index *index, const char *name)
{
	for (int links = 0; name && links <= LINKS_MAX; links++) {
		const struct archive_file *found = NULL;

		for (size_t i = index->count; i > 0 && !found; i--)
			if (str_equal(index->files[i - 1].name, name))
				found = &index->files[i - 1];
		if (!found || !found->link)
			return found;
		name = found->link;
	}
	return NULL;
}
