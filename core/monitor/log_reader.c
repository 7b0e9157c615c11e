// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/monitor/log_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/base/directory.h"
#include "core/base/fd.h"
#include "core/base/number.h"
#include "core/base/str.h"

/* Room for a whole record and the head of the next. */
#define BUFFER_SIZE (2 * (LOG_BYTES_MAX + sizeof(struct log_record)))

void log_reader_release(struct log_reader *reader)
{
	for (size_t i = 0; i < reader->file_count; i++)
		fd_close(&reader->files[i].fd);
	free(reader->files);
	free(reader->buffer);
	*reader = LOG_READER_NONE;
}

/* ---- the files ---- */

static int compare_files(const void *one, const void *other)
{
	const struct log_file *a = one, *b = other;

	return a->number < b->number ? -1 : a->number > b->number;
}

/*
 * Does the writer use this file again, for a later number?  A smaller one is damage.
 * ORDER: the lock, then the head: the writer doesn't begin to use a file that is locked.
 */
static bool is_used_again(int fd, uint64_t number)
{
	struct log_head head;

	return (flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK) ||
	       (pread(fd, &head, sizeof(head), 0) == (ssize_t)sizeof(head) &&
		head.number > number && log_head_is_good(&head, head.number));
}

static int add_log_file(struct log_reader *reader, const char *name, uint64_t number)
{
	autoclose int fd = openat(reader->dir, name,
				  O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	/* The monitor may have removed the file, or changed its name, since it was listed. */
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (is_used_again(fd, number))
		return 0;
	reader->files = mem_resize(reader->files, reader->file_count + 1, sizeof(*reader->files));
	reader->files[reader->file_count++] =
		(struct log_file){ .fd = take_fd(&fd), .number = number };
	return 0;
}

/* Opens the files that are new.  Returns 0 or a negative errno. */
static int open_new_files(struct log_reader *reader)
{
	size_t known = reader->file_count;
	uint64_t last = reader->files && known ? reader->files[known - 1].number : 0;
	autodir DIR *stream = directory_stream(reader->dir);
	struct dirent *entry;
	uint64_t number;

	if (!stream)
		return -errno;
	while ((entry = directory_next(stream))) {
		int failed =
			number_parse_u64(entry->d_name, UINT64_MAX, &number) < 0 || number <= last
				? 0
				: add_log_file(reader, entry->d_name, number);

		if (failed < 0)
			return failed;
	}
	if (errno != 0)
		return -errno;
	if (reader->file_count > known)
		qsort(reader->files + known, reader->file_count - known, sizeof(*reader->files),
		      compare_files);
	return 0;
}

static struct log_file *file_now(const struct log_reader *reader)
{
	return reader->current < reader->file_count ? &reader->files[reader->current] : NULL;
}

/* Bytes behind the last record of the file that aren't old. */
static uint64_t rest_of_file(const struct log_reader *reader, const struct log_file *file)
{
	return file->over ? 0 : reader->skipped + reader->end - reader->begin;
}

/* Forgets all bytes from the one at @offset on. */
static void go_back(struct log_reader *reader, struct log_file *file, uint64_t offset)
{
	file->offset = offset;
	reader->begin = reader->end = 0;
	reader->skipped = 0;
}

/* Goes on to the next file, which exists.  What is left of the present one is no whole record. */
static void leave_file(struct log_reader *reader, struct log_file *file)
{
	reader->damaged += rest_of_file(reader, file);
	reader->begin = reader->end = 0;
	reader->skipped = 0;
	if (!reader->keeps_files)
		fd_close(&file->fd);
	reader->current++;
}

void log_reader_rewind(struct log_reader *reader)
{
	for (size_t i = 0; i < reader->file_count; i++)
		reader->files[i].begun = false;
	reader->current = 0;
	reader->begin = reader->end = 0;
	reader->skipped = reader->damaged = reader->rest = 0;
	reader->keeps_files = false;
}

/* ---- the records ---- */

/* Reads more into the buffer.  Returns the number of bytes, 0 at the end of the file, or a negative errno. */
static ssize_t fill_buffer(struct log_reader *reader, struct log_file *file)
{
	ssize_t got;

	if (!reader->buffer)
		reader->buffer = mem_alloc(BUFFER_SIZE);
	if (reader->begin > 0) {
		memmove(reader->buffer, reader->buffer + reader->begin,
			reader->end - reader->begin);
		reader->end -= reader->begin;
		reader->begin = 0;
	}
	do
		got = pread(file->fd, reader->buffer + reader->end, BUFFER_SIZE - reader->end,
			    (off_t)file->offset);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	reader->end += (size_t)got;
	file->offset += (uint64_t)got;
	return got;
}

/* Looks for the head of the file.  A file that the monitor is just making has none yet. */
static bool read_head(struct log_reader *reader, struct log_file *file)
{
	struct log_head head;

	if (pread(file->fd, &head, sizeof(head), 0) != (ssize_t)sizeof(head) ||
	    !log_head_is_good(&head, file->number))
		return false;
	file->key = head.key;
	file->sure = 0;
	file->begun = true;
	file->over = false;
	go_back(reader, file, sizeof(head));
	return true;
}

/* Leaves bytes out up to the next that may be the beginning of a record. */
static void skip_to_magic(struct log_reader *reader)
{
	const uint32_t magic = LOG_RECORD_MAGIC;
	unsigned char *from = reader->buffer + reader->begin + 1;
	size_t size = reader->end - reader->begin - 1;
	unsigned char *found = memmem(from, size, &magic, sizeof(magic));
	/* The last three bytes may be the first three of the number. */
	size_t kept = size < sizeof(magic) - 1 ? size : sizeof(magic) - 1;
	size_t skipped = 1 + (found ? (size_t)(found - from) : size - kept);

	reader->begin += skipped;
	reader->skipped += skipped;
}

/*
 * At the end of a file, behind what may be the beginning of a record: is there a whole record?  Then that
 * beginning is the rest of a record that was cut: its length leads beyond the end.
 */
static bool has_whole_record(const struct log_reader *reader, uint64_t key)
{
	struct log_reader look = *reader;
	struct log_record record;

	while (look.end - look.begin > sizeof(record)) {
		skip_to_magic(&look);
		if (look.end > look.begin &&
		    log_record_find(key, look.buffer + look.begin, look.end - look.begin,
				    &record) == LOG_FOUND)
			return true;
	}
	return false;
}

/* The offset of the first byte in the buffer. */
static uint64_t offset_now(const struct log_reader *reader, const struct log_file *file)
{
	return file->offset - (reader->end - reader->begin);
}

/*
 * Finds the next record, or end mark, in the buffer.  Returns false where there is none, and more bytes
 * are needed.
 */
static bool find_in_buffer(struct log_reader *reader, const struct log_file *file, bool at_end,
			   struct log_record *ret_record)
{
	while (reader->end > reader->begin) {
		enum log_found found = log_record_find(file->key, reader->buffer + reader->begin,
						       reader->end - reader->begin, ret_record);

		if (found == LOG_FOUND)
			return true;
		if (found == LOG_CUT && !(at_end && has_whole_record(reader, file->key)))
			return false;
		skip_to_magic(reader);
	}
	return false;
}

/*
 * There are skipped bytes before a whole record.  They may have been read while the writer was writing
 * there.  As the writer has written the record behind them since, they are read once more.  Returns whether
 * this was done.
 */
static bool read_skipped_again(struct log_reader *reader, struct log_file *file)
{
	uint64_t offset = offset_now(reader, file);

	if (reader->skipped == 0 || offset <= file->sure) {
		reader->damaged += reader->skipped;
		reader->skipped = 0;
		return false;
	}
	file->sure = offset;
	go_back(reader, file, offset - reader->skipped);
	return true;
}

/* The same for what is left of a file, when a next file was seen. */
static bool read_rest_again(struct log_reader *reader, struct log_file *file)
{
	if (rest_of_file(reader, file) == 0 || file->sure == UINT64_MAX)
		return false;
	file->sure = UINT64_MAX;
	go_back(reader, file, offset_now(reader, file) - reader->skipped);
	return true;
}

/* Is there still an end mark, where one was read? */
static bool is_still_mark(const struct log_file *file, uint64_t offset)
{
	struct log_record record, found;

	return pread(file->fd, &record, sizeof(record), (off_t)offset) == (ssize_t)sizeof(record) &&
	       log_record_find(file->key, &record, sizeof(record), &found) == LOG_FOUND &&
	       found.kind == LOG_END;
}

/* A record was found: gives it, or, before it, the damage. */
static enum log_read give_record(struct log_reader *reader, struct log_item *item)
{
	const unsigned char *at = reader->buffer + reader->begin;

	if (reader->damaged) {
		item->damaged = reader->damaged;
		reader->damaged = 0;
		return LOG_READ_DAMAGED;
	}
	item->bytes = (const char *)at + sizeof(item->record);
	reader->begin += sizeof(item->record) + item->record.length;
	return LOG_READ_RECORD;
}

/* Did the writer remove files before we had opened them? */
static bool has_missed(const struct log_reader *reader)
{
	const struct log_file *file = file_now(reader);

	return reader->current > 0 && file->number != file[-1].number + 1;
}

static enum log_read fail_to_read(int failed, struct error *err)
{
	error_set(err, -failed, "read the log");
	return LOG_READ_FAILED;
}

/* There is no more now.  The next call reads again what isn't a record yet. */
static enum log_read end_now(struct log_reader *reader, struct log_file *file)
{
	reader->rest = reader->damaged;
	if (file && file->begun) {
		reader->rest += rest_of_file(reader, file);
		go_back(reader, file, offset_now(reader, file) - reader->skipped);
	}
	return LOG_READ_END;
}

/*
 * The buffer begins with an end mark, which a record may have replaced since it was read.  Goes on behind the
 * mark where nothing is written any more (@finished): a power loss may have left a mark before records.
 * Returns whether there may be something to read.
 */
static bool pass_mark(struct log_reader *reader, struct log_file *file, bool finished)
{
	uint64_t offset = offset_now(reader, file);

	go_back(reader, file, offset);
	if (!is_still_mark(file, offset))
		return true;
	if (!finished)
		return false;
	file->over = true;
	file->offset += sizeof(struct log_record);
	reader->skipped = sizeof(struct log_record);
	return true;
}

enum log_read log_reader_next(struct log_reader *reader, struct log_item *ret_item,
			      struct error *err)
{
	for (;;) {
		struct log_file *file = file_now(reader);
		bool at_mark = false, has_next;
		ssize_t got;
		int failed;

		if (file && file->begun && find_in_buffer(reader, file, false, &ret_item->record)) {
			if (read_skipped_again(reader, file))
				continue;
			at_mark = ret_item->record.kind == LOG_END;
			if (!at_mark) {
				file->over = false;
				return give_record(reader, ret_item);
			}
		}
		/*
		 * ORDER: whether there is a next file is found out before the end of this one, to which
		 * nothing is added when the next one exists.
		 */
		failed = open_new_files(reader);
		if (failed < 0)
			return fail_to_read(failed, err);
		file = file_now(reader);
		if (!file)
			return end_now(reader, file);
		has_next = reader->current + 1 < reader->file_count;
		if (!file->begun) {
			if (read_head(reader, file)) {
				if (has_missed(reader))
					return LOG_READ_MISSED;
				continue;
			}
			if (!has_next)
				return end_now(reader, file);
			reader->damaged += sizeof(struct log_head);
			leave_file(reader, file);
			continue;
		}
		if (at_mark) {
			if (!pass_mark(reader, file, has_next || reader->is_complete))
				return end_now(reader, file);
			continue;
		}
		got = fill_buffer(reader, file);
		if (got < 0)
			return fail_to_read((int)got, err);
		if (got > 0 || find_in_buffer(reader, file, true, &ret_item->record))
			continue;
		if (!has_next)
			return end_now(reader, file);
		if (!read_rest_again(reader, file))
			leave_file(reader, file);
	}
}

uint64_t log_reader_rest(const struct log_reader *reader)
{
	return reader->rest;
}
