// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "core/base/span.h"
#include "core/base/str.h"
#include "core/base/tar.h"
#include "core/base/tar_header.h"

/*
 * Bytes of the records before one entry at most.  The kernel lets a file have 64 KiB of xattr names,
 * and each value may have 64 KiB; no file system stores as much.
 */
#define RECORDS_MAX ((size_t)4 << 20)
#define XATTRS_MAX  4096
/* No file is longer: the kernel's loff_t. */
#define FILE_SIZE_MAX ((uint64_t)INT64_MAX)

/* ---- bytes ---- */

void tar_reader_init(struct tar_reader *reader, int fd, const volatile sig_atomic_t *stop)
{
	*reader = (struct tar_reader){ .fd = fd, .stop = stop };
	reader->buffer = mem_alloc(TAR_BUFFER_SIZE);
}

void tar_reader_init_bytes(struct tar_reader *reader, const void *bytes, size_t size)
{
	*reader = (struct tar_reader){ .fd = -1, .end = size };
	reader->buffer = mem_alloc(size + 1);
	if (size > 0)
		memcpy(reader->buffer, bytes, size);
}

void tar_reader_release(struct tar_reader *reader)
{
	free(reader->buffer);
	reader->buffer = NULL;
}

/* Returns the number of unread bytes in the buffer, 0 at the end of the stream, or -1. */
static ssize_t tar_fill(struct tar_reader *reader, struct error *err)
{
	ssize_t got;

	if (reader->start < reader->end || reader->fd < 0)
		return (ssize_t)(reader->end - reader->start);
	do
		got = read(reader->fd, reader->buffer, TAR_BUFFER_SIZE);
	while (got < 0 && errno == EINTR && !(reader->stop && *reader->stop));
	if (got < 0)
		return error_set(err, errno, "tar stream: read");
	reader->start = 0;
	reader->end = (size_t)got;
	return got;
}

static int end_of_stream(struct error *err)
{
	error_set(err, 0, "tar stream: it ends in the middle of an archive");
	err->code = EPIPE;
	return -1;
}

/* @bytes NULL: skips. */
static int tar_take(struct tar_reader *reader, void *bytes, uint64_t size, struct error *err)
{
	char *out = bytes;

	while (size > 0) {
		ssize_t got = tar_fill(reader, err);
		size_t part;

		if (got <= 0)
			return got < 0 ? -1 : end_of_stream(err);
		part = (uint64_t)got < size ? (size_t)got : (size_t)size;
		if (out) {
			memcpy(out, reader->buffer + reader->start, part);
			out += part;
		}
		reader->start += part;
		size -= part;
	}
	return 0;
}

/* Takes @size bytes and the padding behind them.  The caller frees the text. */
static int take_text(struct tar_reader *reader, uint64_t size, size_t limit, const char *what,
		     char **ret_text, struct error *err)
{
	autofree char *text = NULL;

	if (size > limit)
		return error_set(err, 0, "tar stream: %s of %llu bytes is too long", what,
				 (unsigned long long)size);
	text = mem_alloc((size_t)size + 1);
	if (tar_take(reader, text, size, err) < 0 ||
	    tar_take(reader, NULL, tar_padding(size), err) < 0)
		return -1;
	*ret_text = take_ptr(text);
	return 0;
}

/* ---- numbers ---- */

static int field_u32(const char *field, size_t width, const char *what, uint32_t *ret_value,
		     struct error *err)
{
	uint64_t value;

	if (!tar_field_number(field, width, &value) || value > UINT32_MAX)
		return error_set(err, 0, "tar stream: a %s that is no number", what);
	*ret_value = (uint32_t)value;
	return 0;
}

/* ---- records of pax ---- */

/* What stands before an entry: the records of pax, and GNU's long names. */
struct prelude {
	char *name, *link, *sparse_name;
	bool has_size, has_uid, has_gid, has_time, has_real_size;
	uint64_t size, uid, gid, real_size;
	struct timespec mtime;
	uint64_t sparse_major, sparse_minor;
	bool sparse;
	struct tar_entry parts; /* its xattrs, and its extents of GNU's sparse forms 0.0 and 0.1 */
	uint64_t part_offset;
};

static void prelude_release(struct prelude *prelude)
{
	free(prelude->name);
	free(prelude->link);
	free(prelude->sparse_name);
	tar_entry_release(&prelude->parts);
}

static int bad_record(const char *key, struct error *err)
{
	return error_set(err, 0, "tar stream: a record '%.64s' without a proper value", key);
}

static int set_text(char **target, const char *key, struct span value, struct error *err)
{
	if (value.size == 0 || value.size > TAR_NAME_MAX || memchr(value.bytes, '\0', value.size))
		return bad_record(key, err);
	free(*target);
	*target = str_dup_n(value.bytes, value.size);
	return 0;
}

static int set_number(const char *key, struct span value, uint64_t limit, bool *ret_has,
		      uint64_t *ret_value, struct error *err)
{
	*ret_has = true;
	return tar_whole_decimal(value, limit, ret_value) ? 0 : bad_record(key, err);
}

/* "OFFSET,SIZE,OFFSET,SIZE…" of GNU's sparse form 0.1. */
static int set_map(struct prelude *prelude, const char *key, struct span value, struct error *err)
{
	uint64_t offset, size;

	while (value.size > 0) {
		if (!tar_decimal(&value, &offset) || value.size == 0 || *value.bytes++ != ',' ||
		    (value.size--, !tar_decimal(&value, &size)) ||
		    !tar_entry_add_extent(&prelude->parts, offset, size))
			return bad_record(key, err);
		if (value.size == 0)
			break;
		if (*value.bytes++ != ',' || --value.size == 0)
			return bad_record(key, err);
	}
	prelude->sparse = true;
	return 0;
}

static int set_sparse_record(struct prelude *prelude, const char *key, struct span value,
			     struct error *err)
{
	uint64_t number;
	bool ignored;

	if (str_equal(key, "name"))
		return set_text(&prelude->sparse_name, key, value, err);
	if (str_equal(key, "map"))
		return set_map(prelude, key, value, err);
	if (str_equal(key, "realsize") || str_equal(key, "size"))
		return set_number(key, value, FILE_SIZE_MAX, &prelude->has_real_size,
				  &prelude->real_size, err);
	if (str_equal(key, "major"))
		return set_number(key, value, 1, &prelude->sparse, &prelude->sparse_major, err);
	if (str_equal(key, "minor"))
		return set_number(key, value, 1, &ignored, &prelude->sparse_minor, err);
	if (str_equal(key, "offset"))
		return set_number(key, value, FILE_SIZE_MAX, &prelude->sparse,
				  &prelude->part_offset, err);
	if (!str_equal(key, "numbytes"))
		return 0;
	return set_number(key, value, FILE_SIZE_MAX, &ignored, &number, err) < 0 ||
			       !tar_entry_add_extent(&prelude->parts, prelude->part_offset, number)
		       ? bad_record(key, err)
		       : 0;
}

static int set_record(struct prelude *prelude, const char *key, struct span value,
		      struct error *err)
{
	if (str_equal(key, "path"))
		return set_text(&prelude->name, key, value, err);
	if (str_equal(key, "linkpath"))
		return set_text(&prelude->link, key, value, err);
	if (str_equal(key, "size"))
		return set_number(key, value, FILE_SIZE_MAX, &prelude->has_size, &prelude->size,
				  err);
	if (str_equal(key, "uid"))
		return set_number(key, value, UINT32_MAX, &prelude->has_uid, &prelude->uid, err);
	if (str_equal(key, "gid"))
		return set_number(key, value, UINT32_MAX, &prelude->has_gid, &prelude->gid, err);
	if (str_equal(key, "mtime")) {
		prelude->has_time = tar_parse_time(value, &prelude->mtime);
		return prelude->has_time ? 0 : bad_record(key, err);
	}
	if (str_starts_with(key, "GNU.sparse."))
		return set_sparse_record(prelude, key + strlen("GNU.sparse."), value, err);
	if (!str_starts_with(key, TAR_XATTR_PREFIX) || !key[strlen(TAR_XATTR_PREFIX)])
		return 0;
	if (prelude->parts.xattr_count == XATTRS_MAX)
		return error_set(err, 0, "tar stream: a file with too many extended attributes");
	tar_entry_add_xattr(&prelude->parts, key + strlen(TAR_XATTR_PREFIX), value.bytes,
			    value.size);
	return 0;
}

static int read_records(struct prelude *prelude, const char *text, size_t size, struct error *err)
{
	struct span rest = { text, size };

	while (text && rest.size > 0) {
		struct span record = rest, key;
		uint64_t length;

		if (!tar_decimal(&record, &length) || length > rest.size ||
		    length < rest.size - record.size + strlen(" k=\n") || record.bytes[0] != ' ' ||
		    rest.bytes[length - 1] != '\n')
			return error_set(err, 0, "tar stream: a record without a proper length");
		record.size = (size_t)length - (size_t)(record.bytes - rest.bytes) - 1;
		record = (struct span){ record.bytes + 1, record.size - 1 };
		rest = (struct span){ rest.bytes + length, rest.size - (size_t)length };
		key = (struct span){ record.bytes, 0 };
		while (key.size < record.size && record.bytes[key.size] != '=')
			key.size++;
		if (key.size == record.size || key.size == 0 || memchr(key.bytes, '\0', key.size))
			return error_set(err, 0, "tar stream: a record without a name");
		record = (struct span){ record.bytes + key.size + 1, record.size - key.size - 1 };
		{
			autofree char *name = str_dup_n(key.bytes, key.size);

			if (set_record(prelude, name, record, err) < 0)
				return -1;
		}
	}
	return 0;
}

/* ---- headers ---- */

static bool is_zero(const struct tar_header *header)
{
	const char *bytes = (const char *)header;

	return bytes[0] == '\0' && memcmp(bytes, bytes + 1, sizeof(*header) - 1) == 0;
}

/* Some old programs add up signed bytes. */
static bool has_right_sum(const struct tar_header *header)
{
	const unsigned char *bytes = (const unsigned char *)header;
	size_t field = offsetof(struct tar_header, sum);
	uint64_t given, sum = 0;
	int64_t signed_sum = 0;

	for (size_t i = 0; i < sizeof(*header); i++) {
		unsigned char byte = i >= field && i < field + sizeof(header->sum) ? ' ' : bytes[i];

		sum += byte;
		signed_sum += (signed char)byte;
	}
	return tar_field_number(header->sum, sizeof(header->sum), &given) &&
	       (given == sum || (int64_t)given == signed_sum);
}

/* What a person gives instead of a tar stream. */
static int refuse_first_block(const struct tar_header *header, struct error *err)
{
	static const struct {
		const char *magic;
		size_t size;
		const char *name, *program;
	} packed[] = {
		{ "\x1f\x8b", 2, "gzip", "zcat" },
		{ "BZh", 3, "bzip2", "bzcat" },
		{ "\xfd"
		  "7zXZ",
		  5, "xz", "xzcat" },
		{ "\x28\xb5\x2f\xfd", 4, "zstd", "zstdcat" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(packed); i++)
		if (memcmp(header, packed[i].magic, packed[i].size) == 0) {
			error_set(err, 0, "tar stream: it is compressed by %s", packed[i].name);
			return error_hint(err, "put %s before: %s FILE | urun cp - …",
					  packed[i].program, packed[i].program);
		}
	return error_set(err, 0, "tar stream: this is not the header of a tar archive");
}

/* A short text isn't an archive that was cut. */
static int take_first_block(struct tar_reader *reader, struct tar_header *header, struct error *err)
{
	size_t size = 0;

	*header = (struct tar_header){ 0 };
	while (size < sizeof(*header)) {
		ssize_t got = tar_fill(reader, err);
		size_t part = sizeof(*header) - size;

		if (got < 0)
			return -1;
		if (got == 0) {
			if (size > 0)
				return refuse_first_block(header, err);
			error_set(err, 0, "tar stream: it is empty");
			err->code = EPIPE;
			return -1;
		}
		part = (size_t)got < part ? (size_t)got : part;
		memcpy((char *)header + size, reader->buffer + reader->start, part);
		reader->start += part;
		size += part;
	}
	return 0;
}

/* Returns 1; 0 at the mark of the end; -1. */
static int take_header(struct tar_reader *reader, struct tar_header *ret_header, struct error *err)
{
	bool first = !reader->begun;

	reader->begun = true;
	if ((first ? take_first_block(reader, ret_header, err)
		   : tar_take(reader, ret_header, sizeof(*ret_header), err)) < 0)
		return -1;
	if (is_zero(ret_header))
		return 0;
	return has_right_sum(ret_header) ? 1 : refuse_first_block(ret_header, err);
}

/* The kind of an ordinary entry; -1: none that we know. */
static int kind_of(char type)
{
	switch (type) {
	case '\0':
	case '0':
	case '7': /* contiguous */
	case 'S': /* sparse, GNU's old form */ return TAR_FILE;
	case '1': return TAR_HARDLINK;
	case '2': return TAR_SYMLINK;
	case '3': return TAR_CHAR;
	case '4': return TAR_BLOCK;
	case '5':
	case 'D': /* a directory with a list of names, GNU's incremental form */
		return TAR_DIRECTORY;
	case '6': return TAR_FIFO;
	default: return -1;
	}
}

static bool is_ustar(const struct tar_header *header)
{
	return memcmp(header->magic, "ustar", sizeof(header->magic)) == 0;
}

static char *header_name(const struct tar_header *header)
{
	int length = (int)strnlen(header->name, sizeof(header->name));
	int prefix = (int)strnlen(header->prefix, sizeof(header->prefix));

	/* In GNU's form, other fields stand in the place of the prefix. */
	if (prefix == 0 || !is_ustar(header))
		return str_format("%.*s", length, header->name);
	return str_format("%.*s/%.*s", prefix, header->prefix, length, header->name);
}

static int set_attributes(const struct tar_header *header, const struct prelude *prelude,
			  struct tar_entry *entry, struct error *err)
{
	uint32_t mode = 0;

	if (field_u32(header->mode, sizeof(header->mode), "mode", &mode, err) < 0)
		return -1;
	entry->mode = mode & 07777;
	entry->uid = (uint32_t)prelude->uid;
	entry->gid = (uint32_t)prelude->gid;
	entry->mtime = prelude->mtime;
	if (!prelude->has_uid &&
	    field_u32(header->uid, sizeof(header->uid), "uid", &entry->uid, err) < 0)
		return -1;
	if (!prelude->has_gid &&
	    field_u32(header->gid, sizeof(header->gid), "gid", &entry->gid, err) < 0)
		return -1;
	if (!prelude->has_time)
		tar_field_time(header->mtime, sizeof(header->mtime), &entry->mtime);
	if (entry->kind != TAR_CHAR && entry->kind != TAR_BLOCK)
		return 0;
	if (field_u32(header->device_major, sizeof(header->device_major), "device",
		      &entry->device_major, err) < 0)
		return -1;
	return field_u32(header->device_minor, sizeof(header->device_minor), "device",
			 &entry->device_minor, err);
}

/* The entry takes over what the prelude has. */
static int set_names(const struct tar_header *header, struct prelude *prelude,
		     struct tar_entry *entry, struct error *err)
{
	size_t length;

	entry->name = prelude->sparse_name ? take_ptr(prelude->sparse_name)
		      : prelude->name	   ? take_ptr(prelude->name)
					   : header_name(header);
	length = strlen(entry->name);
	if (length == 0)
		return error_set(err, 0, "tar stream: an entry without a name");
	/* The form of v7 knows a directory by its name. */
	if (entry->kind == TAR_FILE && header->type == '\0' && entry->name[length - 1] == '/')
		entry->kind = TAR_DIRECTORY;
	if (entry->kind != TAR_HARDLINK && entry->kind != TAR_SYMLINK)
		return 0;
	entry->link = prelude->link ? take_ptr(prelude->link)
				    : str_dup_n(header->link,
						strnlen(header->link, sizeof(header->link)));
	return entry->link[0]
		       ? 0
		       : error_set(err, 0, "tar stream: link %.200s leads nowhere", entry->name);
}

/* ---- sparse files ---- */

/*
 * The parts must follow each other and lie within the file, and the stream must have exactly their
 * bytes.
 */
static int check_extents(const struct tar_entry *entry, uint64_t stored, struct error *err)
{
	uint64_t end = 0, sum = 0;

	for (size_t i = 0; i < entry->extent_count; i++) {
		const struct tar_extent *extent = &entry->extents[i];

		if (extent->offset < end || extent->offset > entry->size ||
		    extent->size > entry->size - extent->offset)
			return error_set(err, 0, "tar stream: %.200s: a wrong map of a sparse file",
					 entry->name);
		end = extent->offset + extent->size;
		sum += extent->size;
	}
	return sum == stored ? 0
			     : error_set(err, 0,
					 "tar stream: %.200s: a sparse file with %llu bytes, not "
					 "the %llu of its map",
					 entry->name, (unsigned long long)stored,
					 (unsigned long long)sum);
}

/* A line of the map before the data; *taken counts its bytes. */
static int take_line(struct tar_reader *reader, uint64_t *taken, uint64_t limit,
		     uint64_t *ret_value, struct error *err)
{
	char line[24];
	struct span text = { line, 0 };

	for (;;) {
		char byte;

		if (*taken == limit || text.size == sizeof(line))
			return error_set(err, 0, "tar stream: a wrong map of a sparse file");
		if (tar_take(reader, &byte, 1, err) < 0)
			return -1;
		++*taken;
		if (byte == '\n')
			break;
		line[text.size++] = byte;
	}
	return tar_whole_decimal(text, FILE_SIZE_MAX, ret_value)
		       ? 0
		       : error_set(err, 0, "tar stream: a wrong map of a sparse file");
}

/* GNU's sparse form 1.0.  *stored: the bytes of the entry in the stream; then without the map. */
static int take_map(struct tar_reader *reader, struct tar_entry *entry, uint64_t *stored,
		    struct error *err)
{
	uint64_t taken = 0, count = 0, offset = 0, size = 0, skip;

	if (take_line(reader, &taken, *stored, &count, err) < 0)
		return -1;
	for (uint64_t i = 0; i < count; i++) {
		if (take_line(reader, &taken, *stored, &offset, err) < 0 ||
		    take_line(reader, &taken, *stored, &size, err) < 0)
			return -1;
		if (!tar_entry_add_extent(entry, offset, size))
			return error_set(err, 0,
					 "tar stream: %.200s: a sparse file with too many "
					 "parts",
					 entry->name);
	}
	skip = tar_padding(taken);
	if (skip > *stored - taken)
		return error_set(err, 0, "tar stream: a wrong map of a sparse file");
	*stored -= taken + skip;
	return tar_take(reader, NULL, skip, err);
}

/* Four parts in the header, 21 in each block that follows.  Source: tar(5), "GNU Tar Archives". */
#define OLD_PARTS_HEADER       4
#define OLD_PARTS_BLOCK	       21
#define OLD_PART_SIZE	       24
#define OLD_HEADER_PARTS       386
#define OLD_HEADER_IS_EXTENDED 482
#define OLD_HEADER_REAL_SIZE   483
#define OLD_BLOCK_IS_EXTENDED  504

static int add_old_parts(const char *bytes, size_t count, struct tar_entry *entry,
			 struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		const char *part = bytes + i * OLD_PART_SIZE;
		uint64_t offset, size;

		if (part[0] == '\0')
			return 0;
		if (!tar_field_number(part, OLD_PART_SIZE / 2, &offset) ||
		    !tar_field_number(part + OLD_PART_SIZE / 2, OLD_PART_SIZE / 2, &size) ||
		    !tar_entry_add_extent(entry, offset, size))
			return error_set(err, 0, "tar stream: %.200s: a wrong map of a sparse file",
					 entry->name);
	}
	return 0;
}

static int take_old_map(struct tar_reader *reader, const struct tar_header *header,
			struct tar_entry *entry, struct error *err)
{
	char block[TAR_BLOCK_SIZE];
	bool more;

	memcpy(block, header, sizeof(block));
	if (!tar_field_number(block + OLD_HEADER_REAL_SIZE, 12, &entry->size) ||
	    entry->size > FILE_SIZE_MAX)
		return error_set(err, 0, "tar stream: %.200s: a wrong size", entry->name);
	if (add_old_parts(block + OLD_HEADER_PARTS, OLD_PARTS_HEADER, entry, err) < 0)
		return -1;
	for (more = block[OLD_HEADER_IS_EXTENDED]; more; more = block[OLD_BLOCK_IS_EXTENDED])
		if (tar_take(reader, block, sizeof(block), err) < 0 ||
		    add_old_parts(block, OLD_PARTS_BLOCK, entry, err) < 0)
			return -1;
	entry->sparse = true;
	return 0;
}

static int take_sparse(struct tar_reader *reader, const struct tar_header *header,
		       struct prelude *prelude, struct tar_entry *entry, uint64_t *stored,
		       struct error *err)
{
	if (header->type == 'S' && !prelude->sparse) {
		if (take_old_map(reader, header, entry, err) < 0)
			return -1;
	} else if (prelude->sparse) {
		if (!prelude->has_real_size)
			return error_set(err, 0, "tar stream: %.200s: a sparse file without a size",
					 entry->name);
		entry->size = prelude->real_size;
		entry->sparse = true;
		entry->extents = take_ptr(prelude->parts.extents);
		entry->extent_count = prelude->parts.extent_count;
		prelude->parts.extent_count = 0;
		if (prelude->sparse_major == 1 && entry->extent_count > 0)
			return error_set(err, 0, "tar stream: %.200s: a sparse file with two maps",
					 entry->name);
		if (prelude->sparse_major == 1 && take_map(reader, entry, stored, err) < 0)
			return -1;
	}
	return entry->sparse ? check_extents(entry, *stored, err) : 0;
}

/* ---- the whole ---- */

static int finish_entry(struct tar_reader *reader, const struct tar_header *header, uint64_t size,
			struct prelude *prelude, struct tar_entry *entry, struct error *err)
{
	int kind = kind_of(header->type);

	if (kind < 0)
		return error_set(err, 0, "tar stream: an entry of the unknown type '%c'",
				 header->type);
	entry->kind = (enum tar_kind)kind;
	if (set_names(header, prelude, entry, err) < 0 ||
	    set_attributes(header, prelude, entry, err) < 0)
		return -1;
	if (prelude->has_size)
		size = prelude->size;
	/* Links and devices have no data, whatever their size says; other readers do likewise. */
	if (entry->kind != TAR_FILE && header->type != 'D')
		size = 0;
	if (entry->kind == TAR_FILE)
		entry->size = size;
	reader->padding = tar_padding(size);
	if (entry->kind == TAR_FILE && take_sparse(reader, header, prelude, entry, &size, err) < 0)
		return -1;
	entry->xattrs = take_ptr(prelude->parts.xattrs);
	entry->xattr_count = prelude->parts.xattr_count;
	prelude->parts.xattr_count = 0;
	reader->left = size;
	reader->sparse = entry->sparse;
	reader->extents = entry->extents;
	reader->extent_count = entry->extent_count;
	reader->extent = 0;
	reader->offset = 0;
	return 1;
}

/* A header that belongs to the entry behind it.  Returns 1 for one; 0: it is the entry's own. */
static int take_prelude(struct tar_reader *reader, const struct tar_header *header, uint64_t size,
			struct prelude *prelude, struct error *err)
{
	autofree char *text = NULL;

	switch (header->type) {
	case 'x':
	case 'X': /* pax of Solaris */
		if (take_text(reader, size, RECORDS_MAX, "a header", &text, err) < 0)
			return -1;
		return read_records(prelude, text, (size_t)size, err) < 0 ? -1 : 1;
	case 'L':
	case 'K':
		if (take_text(reader, size, TAR_NAME_MAX, "a name", &text, err) < 0)
			return -1;
		free(header->type == 'L' ? prelude->name : prelude->link);
		*(header->type == 'L' ? &prelude->name : &prelude->link) = str_dup(text);
		return 1;
	case 'g': /* remarks about the whole archive */
	case 'V': /* its name */
		return tar_take(reader, NULL, size + tar_padding(size), err) < 0 ? -1 : 1;
	default: return 0;
	}
}

int tar_read_entry(struct tar_reader *reader, struct tar_entry *ret_entry, struct error *err)
{
	__attribute__((cleanup(prelude_release))) struct prelude prelude = { 0 };
	autotarentry struct tar_entry entry = { 0 };
	struct tar_header header;
	uint64_t size;
	int got;

	if (tar_take(reader, NULL, reader->left, err) < 0 ||
	    tar_take(reader, NULL, reader->padding, err) < 0)
		return -1;
	reader->left = reader->padding = 0;
	do {
		got = take_header(reader, &header, err);
		if (got <= 0)
			return got;
		if (!tar_field_number(header.size, sizeof(header.size), &size) ||
		    size > FILE_SIZE_MAX)
			return error_set(err, 0, "tar stream: a size that is no number");
		got = take_prelude(reader, &header, size, &prelude, err);
	} while (got > 0);
	if (got < 0 || finish_entry(reader, &header, size, &prelude, &entry, err) < 0)
		return -1;
	*ret_entry = entry;
	entry = (struct tar_entry){ 0 };
	return 1;
}

int tar_read_data(struct tar_reader *reader, const char **ret_bytes, size_t *ret_size,
		  uint64_t *ret_offset, struct error *err)
{
	uint64_t limit = reader->left, start = 0;
	ssize_t got;

	while (reader->sparse && reader->extent < reader->extent_count &&
	       reader->offset == reader->extents[reader->extent].size) {
		reader->extent++;
		reader->offset = 0;
	}
	if (reader->left == 0)
		return 0;
	if (reader->sparse) {
		start = reader->extents[reader->extent].offset;
		limit = reader->extents[reader->extent].size - reader->offset;
	}
	got = tar_fill(reader, err);
	if (got <= 0)
		return got < 0 ? -1 : end_of_stream(err);
	*ret_size = (uint64_t)got < limit ? (size_t)got : (size_t)limit;
	*ret_bytes = reader->buffer + reader->start;
	*ret_offset = start + reader->offset;
	reader->start += *ret_size;
	reader->offset += *ret_size;
	reader->left -= *ret_size;
	return 1;
}

void tar_read_rest(struct tar_reader *reader, size_t limit)
{
	struct error ignored = ERROR_NONE;
	ssize_t got;

	while (limit > 0 && (got = tar_fill(reader, &ignored)) > 0) {
		limit -= (size_t)got < limit ? (size_t)got : limit;
		reader->start = reader->end;
	}
}
