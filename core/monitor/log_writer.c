// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-monitor.
#include "core/monitor/log_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static uint64_t time_of_record(void)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int open_log_file(const struct log_writer *log, uint64_t number, int flags)
{
	char name[LOG_NAME_SIZE];

	log_file_name(number, name);
	return openat(log->dir, name, flags | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600);
}

static void fill_record(uint64_t key, struct log_record *record, enum log_kind kind,
			const void *bytes, size_t size, uint64_t time_ns)
{
	record->magic = LOG_RECORD_MAGIC;
	record->kind = kind;
	record->length = (uint32_t)size;
	record->zero = 0;
	record->time_ns = time_ns;
	record->sum = log_record_sum(key, record, bytes);
}

static bool read_at(int fd, void *bytes, size_t size, off_t offset)
{
	return offset >= 0 && pread(fd, bytes, size, offset) == (ssize_t)size;
}

#define GAP_SIZE (sizeof(struct log_record) + sizeof(struct log_gap))

/*
 * Zeros behind the end mark, which each write writes too.  So the disk has room already for the record that
 * tells a gap at the end: nothing else could say it where the disk stays full.
 */
static char reserve[GAP_SIZE];

/*
 * Finds the end mark of a file that ends at @end: at its end, or before a monitor's reserve.  Returns its offset,
 * or -1.
 */
static off_t find_end_mark(int fd, uint64_t key, off_t end, struct log_record *ret_mark)
{
	struct log_record mark;

	end -= (off_t)sizeof(mark);
	for (int i = 0; i < 2; i++, end -= (off_t)sizeof(reserve))
		if (read_at(fd, &mark, sizeof(mark), end) &&
		    log_record_find(key, &mark, sizeof(mark), ret_mark) == LOG_FOUND)
			return end;
	return -1;
}

/*
 * Opens the file that an earlier monitor of the same container has left, if it is whole: the end mark is
 * at its end.  A monitor that was killed may have left old bytes behind the mark, or a part of a record.
 */
static void open_last(struct log_writer *log)
{
	struct log_record mark;
	struct log_head head;
	off_t end;

	log->fd = open_log_file(log, log->number, O_RDWR);
	if (log->fd < 0)
		return;
	end = lseek(log->fd, 0, SEEK_END);
	if (read_at(log->fd, &head, sizeof(head), 0) && log_head_is_good(&head, log->number) &&
	    (end = find_end_mark(log->fd, head.key, end, &mark)) >= 0) {
		log->key = head.key;
		log->size = (uint64_t)end;
		log->end = mark;
		return;
	}
	close(log->fd);
	log->fd = -1;
}

void log_writer_open(struct log_writer *log, int dir, uint64_t number, uint64_t file_max)
{
	*log = (struct log_writer){ .dir = dir, .fd = -1, .number = number, .file_max = file_max };
	if (number)
		open_last(log);
}

/*
 * Cuts what is behind the end mark off, and closes the file.
 */
static void close_file(struct log_writer *log)
{
	const off_t end = (off_t)(log->size + sizeof(log->end));

	if (log->fd < 0)
		return;
	/* Where this fails, the next monitor of the container begins another file. */
	if (lseek(log->fd, 0, SEEK_END) > end)
		(void)!ftruncate(log->fd, end);
	close(log->fd);
	log->fd = -1;
}

static void remove_log_file(const struct log_writer *log, uint64_t number)
{
	char name[LOG_NAME_SIZE];

	log_file_name(number, name);
	unlinkat(log->dir, name, 0);
}

/*
 * A write was short: sets errno to what the rest of it, from @offset on, fails with.  The caller takes
 * the bytes back.
 */
static void find_write_error(int fd, uint64_t offset)
{
	if (pwrite(fd, "", 1, (off_t)offset) >= 0)
		errno = ENOSPC;
}

/* Where there is no randomness yet, a key that the container can hardly guess is good enough. */
static uint64_t make_key(const struct log_writer *log)
{
	uint64_t key;

	if (getrandom(&key, sizeof(key), GRND_NONBLOCK) != (ssize_t)sizeof(key))
		key = log_sum(time_of_record(), log, sizeof(*log));
	return key;
}

/* What a file begins with: no record yet. */
struct beginning {
	struct log_head head;
	struct log_record end;
	char reserve[sizeof(reserve)];
};

static void fill_beginning(const struct log_writer *log, struct beginning *beginning)
{
	struct log_head *head = &beginning->head;

	memset(beginning->reserve, 0, sizeof(beginning->reserve));
	head->magic = LOG_HEAD_MAGIC;
	head->number = log->number + 1;
	head->key = make_key(log);
	head->sum = log_sum(head->key, head, offsetof(struct log_head, sum));
	fill_record(head->key, &beginning->end, LOG_END, "", 0, 0);
}

static bool write_beginning(int fd, const struct beginning *beginning)
{
	ssize_t written = pwrite(fd, beginning, sizeof(*beginning), 0);

	if (written == (ssize_t)sizeof(*beginning))
		return true;
	if (written >= 0)
		find_write_error(fd, (uint64_t)written);
	return false;
}

/*
 * Makes the file with number @oldest the next one, as record.h says.  The file may be longer than files are
 * now.  Returns the descriptor, or -1 where this isn't possible.
 * ORDER: head, name, then the end of the lock: a reader that has opened the file under the old name
 * finds the new number in the head.
 */
static int reuse_oldest(const struct log_writer *log, uint64_t oldest,
			const struct beginning *beginning)
{
	char old_name[LOG_NAME_SIZE], new_name[LOG_NAME_SIZE];
	int fd = open_log_file(log, oldest, O_RDWR);

	if (fd < 0)
		return -1;
	log_file_name(oldest, old_name);
	log_file_name(beginning->head.number, new_name);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && lseek(fd, 0, SEEK_END) <= (off_t)log->file_max &&
	    write_beginning(fd, beginning) &&
	    renameat(log->dir, old_name, log->dir, new_name) == 0 && flock(fd, LOCK_UN) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Returns the descriptor, or -1 with errno set. */
static int make_log_file(const struct log_writer *log, const struct beginning *beginning)
{
	int fd = open_log_file(log, beginning->head.number, O_RDWR | O_CREAT | O_TRUNC);
	int failed;

	if (fd < 0 || write_beginning(fd, beginning))
		return fd;
	failed = errno;
	close(fd);
	remove_log_file(log, beginning->head.number);
	errno = failed;
	return -1;
}

/*
 * Begins the next file.  On failure the log stays at the present file, and the next call tries again.
 * ORDER: the oldest file is removed first, which makes room where the disk is full.
 */
static bool begin_next(struct log_writer *log)
{
	struct beginning beginning;
	uint64_t number = log->number + 1;
	int fd = -1;

	fill_beginning(log, &beginning);
	if (number > LOG_FILES) {
		fd = reuse_oldest(log, number - LOG_FILES, &beginning);
		if (fd < 0)
			remove_log_file(log, number - LOG_FILES);
	}
	if (fd < 0)
		fd = make_log_file(log, &beginning);
	if (fd < 0)
		return false;
	close_file(log);
	log->fd = fd;
	log->number = number;
	log->key = beginning.head.key;
	log->size = sizeof(beginning.head);
	log->end = beginning.end;
	return true;
}

/*
 * A part of a write fitted on the disk, and has replaced the end mark: puts the mark and the reserve back, which
 * had room there.  Where not even the mark can be written, the file is cut before it.
 */
static void take_back(struct log_writer *log)
{
	const struct iovec parts[] = {
		{ &log->end, sizeof(log->end) },
		{ reserve, sizeof(reserve) },
	};
	ssize_t written = pwritev(log->fd, parts, 2, (off_t)log->size);

	if (written < (ssize_t)sizeof(log->end))
		written = 0;
	(void)!ftruncate(log->fd, (off_t)log->size + written);
}

/* Writes all parts, with the end mark and @spare bytes last, or, where that fails, nothing. */
static bool append_parts(struct log_writer *log, const struct iovec *parts, int count, size_t spare)
{
	size_t size = 0;
	ssize_t written;
	int failed;

	for (int i = 0; i < count; i++)
		size += parts[i].iov_len;
	do
		written = pwritev(log->fd, parts, count, (off_t)log->size);
	while (written < 0 && errno == EINTR);
	if (written == (ssize_t)size) {
		log->size += size - sizeof(log->end) - spare;
		return true;
	}
	if (written >= 0) {
		find_write_error(log->fd, log->size + (uint64_t)written);
		failed = errno;
		take_back(log);
		errno = failed;
	}
	return false;
}

/*
 * Appends one record, and before it what was lost since the last one.  Without bytes it is the last of all, and
 * takes the reserve.
 * ORDER: both in one write, or a disk that is nearly full would be filled with records of gaps.
 */
static bool append_record(struct log_writer *log, enum log_kind kind, const void *bytes,
			  size_t size, uint64_t time_ns)
{
	size_t spare = size ? sizeof(reserve) : 0;
	size_t needed =
		GAP_SIZE + (size ? sizeof(struct log_record) + size : 0) + sizeof(log->end) + spare;
	struct log_record gap, record;
	struct iovec parts[6];
	int count = 0;

	if ((log->fd < 0 || log->size + needed > log->file_max) && !begin_next(log))
		return false;
	if (log->gap.bytes) {
		fill_record(log->key, &gap, LOG_GAP, &log->gap, sizeof(log->gap), time_ns);
		parts[count++] = (struct iovec){ &gap, sizeof(gap) };
		parts[count++] = (struct iovec){ &log->gap, sizeof(log->gap) };
	}
	if (size) {
		fill_record(log->key, &record, kind, bytes, size, time_ns);
		parts[count++] = (struct iovec){ &record, sizeof(record) };
		parts[count++] = (struct iovec){ (void *)(uintptr_t)bytes, size };
	}
	parts[count++] = (struct iovec){ &log->end, sizeof(log->end) };
	if (spare)
		parts[count++] = (struct iovec){ reserve, spare };
	if (!append_parts(log, parts, count, spare))
		return false;
	log->gap = (struct log_gap){ 0 };
	return true;
}

static void count_loss(struct log_writer *log, size_t size, int error, uint64_t time_ns)
{
	if (log->gap.bytes == 0) {
		log->gap.error = (uint32_t)error;
		log->gap.since_ns = time_ns;
	}
	log->gap.bytes += size;
}

void log_writer_add(struct log_writer *log, enum log_kind kind, const void *bytes, size_t size)
{
	const uint64_t room =
		log->file_max - sizeof(struct beginning) - GAP_SIZE - sizeof(struct log_record);
	uint64_t time_ns = time_of_record();
	const char *at = bytes;

	while (size) {
		size_t part = size < LOG_BYTES_MAX ? size : LOG_BYTES_MAX;

		part = part < room ? part : (size_t)room;
		if (!append_record(log, kind, at, part, time_ns))
			count_loss(log, part, errno, time_ns);
		at += part;
		size -= part;
	}
}

void log_writer_close(struct log_writer *log)
{
	if (log->gap.bytes)
		append_record(log, LOG_GAP, NULL, 0, time_of_record());
	close_file(log);
}
