// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "core/base/str.h"
#include "core/base/tar.h"
#include "core/base/tar_header.h"

void tar_writer_init(struct tar_writer *writer, int fd, const volatile sig_atomic_t *stop)
{
	*writer = (struct tar_writer){ .fd = fd, .stop = stop };
	writer->buffer = mem_alloc(TAR_BUFFER_SIZE);
}

void tar_writer_release(struct tar_writer *writer)
{
	free(writer->buffer);
	writer->buffer = NULL;
}

static int flush(struct tar_writer *writer, struct error *err)
{
	size_t done = 0;

	while (done < writer->size) {
		ssize_t wrote = write(writer->fd, writer->buffer + done, writer->size - done);

		if (wrote >= 0)
			done += (size_t)wrote;
		else if (errno != EINTR || (writer->stop && *writer->stop))
			return error_set(err, errno, "tar stream: write");
	}
	writer->size = 0;
	return 0;
}

static int put(struct tar_writer *writer, const void *bytes, size_t size, struct error *err)
{
	while (size > 0) {
		size_t part = TAR_BUFFER_SIZE - writer->size;

		if (part == 0) {
			if (flush(writer, err) < 0)
				return -1;
			continue;
		}
		part = part < size ? part : size;
		if (bytes) {
			memcpy(writer->buffer + writer->size, bytes, part);
			bytes = (const char *)bytes + part;
		} else {
			memset(writer->buffer + writer->size, 0, part);
		}
		writer->size += part;
		writer->total += part;
		size -= part;
	}
	return 0;
}

static int put_zeros(struct tar_writer *writer, uint64_t size, struct error *err)
{
	while (size > 0) {
		size_t part = size < TAR_BUFFER_SIZE ? (size_t)size : TAR_BUFFER_SIZE;

		if (put(writer, NULL, part, err) < 0)
			return -1;
		size -= part;
	}
	return 0;
}

/* ---- headers ---- */

/* @width digits and a NUL; what has no room is 0, as the record of pax counts. */
static void put_octal(char *field, size_t width, uint64_t value)
{
	for (size_t i = width - 1; i-- > 0; value >>= 3)
		field[i] = (char)('0' + (value & 7));
}

static bool fits_octal(uint64_t value, size_t width)
{
	return value >> (3 * (width - 1)) == 0;
}

/*
 * "LENGTH KEY=VALUE\n", where LENGTH counts its own digits too.
 */
static void add_record(struct strbuf *out, const char *key, const void *value, size_t size)
{
	size_t rest = strlen(key) + size + strlen(" =\n"), length = rest + 1;
	char digits[24];

	while (rest + (size_t)snprintf(digits, sizeof(digits), "%zu", length) > length)
		length++;
	strbuf_addf(out, "%zu %s=", length, key);
	strbuf_add(out, value, size);
	strbuf_add(out, "\n", 1);
}

static void add_text_record(struct strbuf *out, const char *key, const char *text)
{
	add_record(out, key, text, strlen(text));
}

static void add_number_record(struct strbuf *out, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	add_text_record(out, key, text);
}

/* A time before 1970 is a negative number: -1.25 is tv_sec -2 and tv_nsec 750000000. */
static void add_time(struct strbuf *out, const struct timespec *time)
{
	bool negative = time->tv_sec < 0;
	int64_t seconds = time->tv_sec;
	long nanoseconds = time->tv_nsec;
	char text[48];

	if (negative) {
		seconds = -(seconds + (nanoseconds > 0));
		nanoseconds = nanoseconds > 0 ? 1000000000 - nanoseconds : 0;
	}
	if (nanoseconds)
		snprintf(text, sizeof(text), "%s%" PRId64 ".%09ld", negative ? "-" : "", seconds,
			 nanoseconds);
	else
		snprintf(text, sizeof(text), "%s%" PRId64, negative ? "-" : "", seconds);
	add_text_record(out, "mtime", text);
}

static const char types[] = {
	[TAR_FILE] = '0',  [TAR_HARDLINK] = '1',  [TAR_SYMLINK] = '2', [TAR_CHAR] = '3',
	[TAR_BLOCK] = '4', [TAR_DIRECTORY] = '5', [TAR_FIFO] = '6',
};

static void fill_header(const struct tar_entry *entry, const char *name, uint64_t size, char type,
			struct tar_header *header)
{
	bool has_time = entry->mtime.tv_sec >= 0 && fits_octal((uint64_t)entry->mtime.tv_sec, 12);
	unsigned int sum = 0;

	*header = (struct tar_header){ .type = type, .magic = "ustar" };
	memcpy(header->version, "00", 2);
	memcpy(header->name, name, strnlen(name, sizeof(header->name)));
	if (entry->link)
		memcpy(header->link, entry->link, strnlen(entry->link, sizeof(header->link)));
	put_octal(header->mode, sizeof(header->mode), entry->mode & 07777);
	put_octal(header->uid, sizeof(header->uid), fits_octal(entry->uid, 8) ? entry->uid : 0);
	put_octal(header->gid, sizeof(header->gid), fits_octal(entry->gid, 8) ? entry->gid : 0);
	put_octal(header->size, sizeof(header->size), fits_octal(size, 12) ? size : 0);
	put_octal(header->mtime, sizeof(header->mtime),
		  has_time ? (uint64_t)entry->mtime.tv_sec : 0);
	put_octal(header->device_major, sizeof(header->device_major), entry->device_major);
	put_octal(header->device_minor, sizeof(header->device_minor), entry->device_minor);
	memset(header->sum, ' ', sizeof(header->sum));
	for (size_t i = 0; i < sizeof(*header); i++)
		sum += ((const unsigned char *)header)[i];
	put_octal(header->sum, sizeof(header->sum) - 1, sum);
}

static int put_header(struct tar_writer *writer, const struct tar_entry *entry, const char *name,
		      uint64_t size, char type, struct error *err)
{
	struct tar_header header;

	fill_header(entry, name, size, type, &header);
	return put(writer, &header, sizeof(header), err);
}

/* What the fields of the header have no room for. */
static void add_records(const struct tar_entry *entry, const char *name, uint64_t stored,
			struct strbuf *out)
{
	if (entry->sparse) {
		add_text_record(out, "GNU.sparse.major", "1");
		add_text_record(out, "GNU.sparse.minor", "0");
		add_text_record(out, "GNU.sparse.name", name);
		add_number_record(out, "GNU.sparse.realsize", entry->size);
	} else if (strlen(name) > sizeof(((struct tar_header *)0)->name)) {
		add_text_record(out, "path", name);
	}
	if (entry->link && strlen(entry->link) > sizeof(((struct tar_header *)0)->link))
		add_text_record(out, "linkpath", entry->link);
	if (!fits_octal(stored, 12))
		add_number_record(out, "size", stored);
	if (!fits_octal(entry->uid, 8))
		add_number_record(out, "uid", entry->uid);
	if (!fits_octal(entry->gid, 8))
		add_number_record(out, "gid", entry->gid);
	if (entry->mtime.tv_nsec || entry->mtime.tv_sec < 0 ||
	    !fits_octal((uint64_t)entry->mtime.tv_sec, 12))
		add_time(out, &entry->mtime);
	for (size_t i = 0; i < entry->xattr_count; i++) {
		autofree char *key = str_format(TAR_XATTR_PREFIX "%s", entry->xattrs[i].name);

		add_record(out, key, entry->xattrs[i].value, entry->xattrs[i].size);
	}
}

/*
 * The map of a sparse file, before its data.  An empty part at the end tells GNU tar the size of a
 * file that ends with a hole.  Source: GNU tar manual, "PAX Format 1.0".
 */
static void print_sparse_map(const struct tar_entry *entry, struct strbuf *out)
{
	const struct tar_extent *last =
		entry->extent_count ? &entry->extents[entry->extent_count - 1] : NULL;
	bool ends_with_data = last && last->offset + last->size == entry->size;

	strbuf_addf(out, "%zu\n", entry->extent_count + !ends_with_data);
	for (size_t i = 0; i < entry->extent_count; i++)
		strbuf_addf(out, "%" PRIu64 "\n%" PRIu64 "\n", entry->extents[i].offset,
			    entry->extents[i].size);
	if (!ends_with_data)
		strbuf_addf(out, "%" PRIu64 "\n0\n", entry->size);
}

/* Other programs know a directory by the '/' behind its name as well. */
static char *name_in_stream(const struct tar_entry *entry)
{
	size_t length = strlen(entry->name);
	bool slash = entry->kind == TAR_DIRECTORY && entry->name[length - 1] != '/';

	return str_format("%s%s", entry->name, slash ? "/" : "");
}

static int put_records(struct tar_writer *writer, const struct tar_entry *entry,
		       const struct strbuf *records, struct error *err)
{
	static const struct tar_entry plain = { .kind = TAR_FILE, .mode = 0644 };
	autofree char *name = str_format("PaxHeaders/%.80s", entry->name);

	if (records->size == 0)
		return 0;
	if (put_header(writer, &plain, name, records->size, 'x', err) < 0 ||
	    put(writer, records->bytes, records->size, err) < 0)
		return -1;
	return put_zeros(writer, tar_padding(records->size), err);
}

int tar_write_entry(struct tar_writer *writer, const struct tar_entry *entry, struct error *err)
{
	autostrbuf struct strbuf records = { 0 }, map = { 0 };
	autofree char *name = name_in_stream(entry);
	autofree char *dummy = str_format("GNUSparseFile.0/%.80s", entry->name);
	uint64_t data = entry->kind == TAR_FILE ? entry->size : 0, stored;

	if (entry->sparse) {
		data = 0;
		for (size_t i = 0; i < entry->extent_count; i++)
			data += entry->extents[i].size;
		print_sparse_map(entry, &map);
	}
	stored = data + map.size + tar_padding(map.size);
	add_records(entry, name, stored, &records);
	if (put_records(writer, entry, &records, err) < 0 ||
	    put_header(writer, entry, entry->sparse ? dummy : name, stored, types[entry->kind],
		       err) < 0 ||
	    put(writer, map.bytes, map.size, err) < 0 ||
	    put_zeros(writer, tar_padding(map.size), err) < 0)
		return -1;
	writer->left = data;
	writer->padding = tar_padding(data);
	return 0;
}

int tar_write_room(struct tar_writer *writer, size_t wanted, char **ret_room, size_t *ret_size,
		   struct error *err)
{
	size_t room = TAR_BUFFER_SIZE - writer->size;

	/* Many small reads would be slower than an early write. */
	if (room < TAR_BUFFER_SIZE / 4 && room < wanted) {
		if (flush(writer, err) < 0)
			return -1;
		room = TAR_BUFFER_SIZE;
	}
	room = room < wanted ? room : wanted;
	*ret_room = writer->buffer + writer->size;
	*ret_size = room < writer->left ? room : (size_t)writer->left;
	return 0;
}

void tar_write_advance(struct tar_writer *writer, size_t size)
{
	writer->size += size;
	writer->total += size;
	writer->left -= size;
}

int tar_write_end_entry(struct tar_writer *writer, struct error *err)
{
	uint64_t zeros = writer->left + writer->padding;

	writer->left = writer->padding = 0;
	return put_zeros(writer, zeros, err);
}

/* The blocking factor 20, by which GNU tar reads: it complains of a short last record. */
#define RECORD_SIZE ((uint64_t)20 * TAR_BLOCK_SIZE)

int tar_write_end(struct tar_writer *writer, struct error *err)
{
	uint64_t mark = (uint64_t)2 * TAR_BLOCK_SIZE;
	uint64_t over = (writer->total + mark) % RECORD_SIZE;

	if (put_zeros(writer, mark + (over ? RECORD_SIZE - over : 0), err) < 0)
		return -1;
	return flush(writer, err);
}
