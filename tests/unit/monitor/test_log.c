// SPDX-License-Identifier: Apache-2.0
/* The log's writer and its reader: what is written is read again, whatever happened to the files in between. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/directory.h"
#include "core/base/fd.h"
#include "core/base/str.h"
#include "core/monitor/log_reader.h"
#include "core/monitor/log_writer.h"

#define FILE_MAX 4096u

static char directory[] = "/tmp/urun-test-log-XXXXXX";
static int dir = -1;

static void empty_directory(void)
{
	autodir DIR *stream = directory_stream(dir);
	struct dirent *entry;

	while ((entry = directory_next(stream)))
		unlinkat(dir, entry->d_name, 0);
}

static int begin(void **state)
{
	(void)state;
	empty_directory();
	return 0;
}

/* What was read: texts of both streams, and marks of what is lost. */
struct heard {
	struct strbuf text;
	uint64_t damaged;
	uint64_t gap;
	size_t missed;
};

static void heard_release(struct heard *heard)
{
	strbuf_release(&heard->text);
}

/* Reads up to the present end. */
static void read_on(struct log_reader *reader, struct heard *heard)
{
	struct log_item item;
	struct error err = ERROR_NONE;
	struct log_gap gap;

	for (;;) {
		switch (log_reader_next(reader, &item, &err)) {
		case LOG_READ_END: return;
		case LOG_READ_FAILED: fail_msg("%s", err.text); return;
		case LOG_READ_DAMAGED: heard->damaged += item.damaged; break;
		case LOG_READ_MISSED: heard->missed++; break;
		case LOG_READ_RECORD:
			if (item.record.kind == LOG_GAP) {
				memcpy(&gap, item.bytes, sizeof(gap));
				assert_int_equal(gap.error, EFBIG);
				heard->gap += gap.bytes;
				strbuf_add_str(&heard->text, "[gap]");
				break;
			}
			strbuf_add_str(&heard->text, item.record.kind == LOG_STDERR ? "!" : "");
			strbuf_add(&heard->text, item.bytes, item.record.length);
			break;
		}
	}
}

static struct heard read_all(void)
{
	struct log_reader reader = LOG_READER_NONE;
	struct heard heard = { 0 };

	reader.dir = dir;
	read_on(&reader, &heard);
	log_reader_release(&reader);
	return heard;
}

static void write_texts(uint64_t number, const char *const *texts)
{
	struct log_writer log;

	log_writer_open(&log, dir, number, FILE_MAX);
	for (; *texts; texts++)
		log_writer_add(&log, **texts == '!' ? LOG_STDERR : LOG_STDOUT,
			       *texts + (**texts == '!'), strlen(*texts) - (**texts == '!'));
	log_writer_close(&log);
}

#define WRITE(number, ...) write_texts(number, (const char *const[]){ __VA_ARGS__, NULL })

static void assert_heard(const char *expected)
{
	struct heard heard = read_all();

	assert_string_equal(heard.text.bytes ? heard.text.bytes : "", expected);
	assert_int_equal(heard.damaged, 0);
	heard_release(&heard);
}

static void test_every_byte_is_kept_and_the_streams_apart(void **state)
{
	struct log_writer log;
	struct heard heard;

	(void)state;
	assert_heard("");
	log_writer_open(&log, dir, 0, FILE_MAX);
	log_writer_add(&log, LOG_STDOUT, "a\0b\n", 4);
	log_writer_add(&log, LOG_STDERR, "\xff", 1);
	log_writer_add(&log, LOG_STDOUT, "end", 3);
	log_writer_close(&log);
	heard = read_all();
	assert_int_equal(heard.text.size, 9);
	assert_memory_equal(heard.text.bytes,
			    "a\0b\n!\xff"
			    "end",
			    9);
	heard_release(&heard);
}

static void test_a_later_monitor_goes_on_with_the_file(void **state)
{
	(void)state;
	WRITE(0, "one ");
	WRITE(1, "two ", "!three");
	assert_heard("one two !three");
	assert_int_equal(faccessat(dir, "2", F_OK, 0), -1);
}

static off_t size_of(const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(dir, name, &st, 0), 0);
	return st.st_size;
}

/* Counts the files and their bytes. */
static uint64_t measure(size_t *ret_files)
{
	autodir DIR *stream = directory_stream(dir);
	struct dirent *entry;
	uint64_t bytes = 0;
	struct stat st;

	*ret_files = 0;
	while ((entry = directory_next(stream))) {
		assert_int_equal(fstatat(dir, entry->d_name, &st, 0), 0);
		bytes += (uint64_t)st.st_size;
		(*ret_files)++;
	}
	return bytes;
}

static void test_the_log_is_bounded_and_keeps_the_newest(void **state)
{
	struct log_writer log;
	struct heard heard;
	size_t files;
	char line[16];

	(void)state;
	log_writer_open(&log, dir, 0, FILE_MAX);
	for (int i = 0; i < 5000; i++) {
		snprintf(line, sizeof(line), "line %06d\n", i);
		log_writer_add(&log, LOG_STDOUT, line, strlen(line));
		assert_true(measure(&files) <= LOG_FILES * FILE_MAX);
		assert_true(files <= LOG_FILES);
	}
	log_writer_close(&log);
	heard = read_all();
	assert_true(str_starts_with(heard.text.bytes, "line "));
	assert_string_equal(heard.text.bytes + heard.text.size - 12, "line 004999\n");
	/* Three files are full. */
	assert_true(heard.text.size >= 3 * (FILE_MAX / 44 - 3) * 12);
	assert_int_equal(heard.missed, 0);
	heard_release(&heard);
}

static void test_a_write_that_is_larger_than_a_file_is_divided(void **state)
{
	static char bytes[3 * FILE_MAX];
	struct log_writer log;
	struct heard heard;

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	log_writer_open(&log, dir, 0, FILE_MAX);
	log_writer_add(&log, LOG_STDOUT, bytes, sizeof(bytes));
	log_writer_close(&log);
	heard = read_all();
	assert_int_equal(heard.text.size, sizeof(bytes));
	heard_release(&heard);
}

/* ---- files that are used again ---- */

static ino_t inode_of(const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(dir, name, &st, 0), 0);
	return st.st_ino;
}

/* Fills files up to the one with @number, and leaves the log open there, with one record in that file. */
static void fill_up_to(struct log_writer *log, uint64_t number)
{
	static char bytes[1000];

	memset(bytes, 'o', sizeof(bytes));
	while (log->number < number)
		log_writer_add(log, LOG_STDOUT, bytes, sizeof(bytes));
}

static void test_the_oldest_file_becomes_the_next_one(void **state)
{
	struct log_writer log;
	struct heard heard;
	ino_t first;

	(void)state;
	log_writer_open(&log, dir, 0, FILE_MAX);
	fill_up_to(&log, 1);
	first = inode_of("1");
	fill_up_to(&log, 5);
	log_writer_add(&log, LOG_STDERR, "new", 3);
	assert_true(inode_of("5") == first);
	assert_int_equal(faccessat(dir, "1", F_OK, 0), -1);
	/* Old bytes are behind the end mark now, as the monitor leaves them that is killed. */
	assert_true(size_of("5") > 3000);
	for (int closed = 0; closed < 2; closed++) {
		heard = read_all();
		assert_int_equal(heard.text.size, 3 * 3000 + 1000 + 4);
		assert_memory_equal(heard.text.bytes + heard.text.size - 5, "o!new", 5);
		assert_int_equal(heard.damaged + heard.missed, 0);
		heard_release(&heard);
		log_writer_close(&log);
	}
	assert_int_equal(size_of("5"), 32 + 32 + 1000 + 32 + 3 + 32);
	WRITE(5, "newer");
	assert_int_equal(faccessat(dir, "6", F_OK, 0), -1);
}

static void test_behind_a_monitor_that_was_killed_a_new_file_begins(void **state)
{
	struct log_writer log;
	struct heard heard;

	(void)state;
	log_writer_open(&log, dir, 0, FILE_MAX);
	fill_up_to(&log, 5);
	close(log.fd);
	WRITE(5, " later");
	assert_int_equal(faccessat(dir, "6", F_OK, 0), 0);
	heard = read_all();
	assert_int_equal(heard.text.size, 2 * 3000 + 1000 + 6);
	assert_int_equal(heard.damaged + heard.missed, 0);
	heard_release(&heard);
}

static void test_a_file_that_a_reader_has_open_is_not_used_again(void **state)
{
	struct log_reader reader = LOG_READER_NONE;
	struct heard first = { 0 }, second = { 0 };
	struct log_writer log;
	ino_t inode;

	(void)state;
	log_writer_open(&log, dir, 0, FILE_MAX);
	fill_up_to(&log, 2);
	inode = inode_of("1");
	reader.dir = dir;
	reader.keeps_files = true;
	read_on(&reader, &first);
	fill_up_to(&log, 7);
	assert_int_equal(faccessat(dir, "1", F_OK, 0), -1);
	assert_true(inode_of("5") != inode);
	log_reader_rewind(&reader);
	read_on(&reader, &second);
	/* The two files that it had open, then those that it has not. */
	assert_true(second.text.size >= 2 * 3000 + 3000);
	assert_int_equal(second.missed, 1);
	assert_int_equal(first.damaged + second.damaged, 0);
	log_reader_release(&reader);
	log_writer_close(&log);
	heard_release(&first);
	heard_release(&second);
}

/* The monitor is about to make a file the next one, or has done so after the reader has listed the old name. */
static void test_a_file_that_is_being_used_again_is_left_out(void **state)
{
	autoclose int second = -1;
	struct log_writer log;
	struct heard heard;

	(void)state;
	log_writer_open(&log, dir, 0, FILE_MAX);
	fill_up_to(&log, 2);
	log_writer_close(&log);
	second = openat(dir, "2", O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(second, LOCK_EX), 0);
	heard = read_all();
	assert_int_equal(heard.text.size, 3000);
	heard_release(&heard);
	assert_int_equal(flock(second, LOCK_UN), 0);
	heard = read_all();
	assert_int_equal(heard.text.size, 4000);
	heard_release(&heard);
	assert_int_equal(renameat(dir, "2", dir, "1"), 0);
	heard = read_all();
	assert_int_equal(heard.text.size + heard.damaged, 0);
	heard_release(&heard);
}

/* A reader comes while the monitor writes a record over old bytes. */
static void test_a_record_that_is_half_written_is_no_damage(void **state)
{
	char before[200], after[200];
	struct log_writer log;

	(void)state;
	for (size_t written = 0; written <= 32 + 100 + 32; written++) {
		struct log_reader reader = LOG_READER_NONE;
		struct heard heard = { 0 };
		autoclose int fd = -1;
		off_t at;

		empty_directory();
		log_writer_open(&log, dir, 0, FILE_MAX);
		fill_up_to(&log, 5);
		at = (off_t)log.size;
		fd = openat(dir, "5", O_RDWR | O_CLOEXEC);
		assert_int_equal(pread(fd, before, sizeof(before), at), sizeof(before));
		memset(after, 'n', 100);
		log_writer_add(&log, LOG_STDERR, after, 100);
		assert_int_equal(pread(fd, after, sizeof(after), at), sizeof(after));
		assert_int_equal(pwrite(fd, before, sizeof(before), at), sizeof(before));
		assert_int_equal(pwrite(fd, after, written, at), written);
		reader.dir = dir;
		read_on(&reader, &heard);
		assert_int_equal(heard.text.size, 3 * 3000 + 1000 + (written >= 132 ? 101 : 0));
		assert_int_equal(pwrite(fd, after, sizeof(after), at), sizeof(after));
		log_writer_add(&log, LOG_STDOUT, "end", 3);
		read_on(&reader, &heard);
		assert_int_equal(heard.text.size, 3 * 3000 + 1000 + 101 + 3);
		assert_int_equal(heard.damaged, 0);
		assert_int_equal(log_reader_rest(&reader), 0);
		log_reader_release(&reader);
		heard_release(&heard);
		log_writer_close(&log);
	}
}

/*
 * Numbers as lines, some of them long, in files of many pages, so that a reader finds records that are half
 * written.
 */
static void write_numbers(unsigned int count)
{
	static char line[3000];
	struct log_writer log;

	memset(line, ' ', sizeof(line));
	log_writer_open(&log, dir, 0, 100 * FILE_MAX);
	for (unsigned int i = 1; i <= count; i++) {
		snprintf(line, 12, "%010u\n", i);
		line[11] = ' ';
		log_writer_add(&log, LOG_STDOUT, line, i % 70 ? 11 : sizeof(line));
	}
	log_writer_close(&log);
}

static void test_a_reader_and_a_writer_at_the_same_time(void **state)
{
	const unsigned int count = 200000;
	struct log_reader reader = LOG_READER_NONE;
	struct error err = ERROR_NONE;
	unsigned long last = 0, jumps = 0, missed = 0;
	pid_t writer = fork(), ended = 0;
	enum log_read read;
	struct log_item item;
	int status;

	(void)state;
	if (writer == 0) {
		write_numbers(count);
		_exit(0);
	}
	reader.dir = dir;
	while ((read = log_reader_next(&reader, &item, &err)) != LOG_READ_END || !ended) {
		unsigned long number;

		if (read == LOG_READ_END)
			ended = waitpid(writer, &status, WNOHANG);
		missed += read == LOG_READ_MISSED;
		assert_true(read != LOG_READ_DAMAGED && read != LOG_READ_FAILED);
		if (read != LOG_READ_RECORD)
			continue;
		number = strtoul(item.bytes, NULL, 10);
		assert_true(number > last);
		jumps += number != last + 1;
		last = number;
	}
	assert_int_equal(last, count);
	assert_true(jumps <= missed + 1);
	assert_int_equal(ended, writer);
	assert_int_equal(status, 0);
	assert_int_equal(log_reader_rest(&reader), 0);
	log_reader_release(&reader);
}

/* ---- following ---- */

static void test_a_reader_follows_across_files(void **state)
{
	struct log_reader reader = LOG_READER_NONE;
	struct heard heard = { 0 };
	autostrbuf struct strbuf expected = { 0 };
	struct log_writer log;
	char line[16];

	(void)state;
	reader.dir = dir;
	log_writer_open(&log, dir, 0, FILE_MAX);
	for (int i = 0; i < 2000; i++) {
		snprintf(line, sizeof(line), "line %06d\n", i);
		log_writer_add(&log, LOG_STDOUT, line, strlen(line));
		strbuf_add_str(&expected, line);
		/* Less often than files end, and never so rarely that one is removed unseen. */
		if (i % 150 == 0)
			read_on(&reader, &heard);
	}
	log_writer_close(&log);
	read_on(&reader, &heard);
	assert_string_equal(heard.text.bytes, expected.bytes);
	assert_int_equal(heard.missed, 0);
	assert_int_equal(log_reader_rest(&reader), 0);
	log_reader_release(&reader);
	heard_release(&heard);
}

static void test_a_reader_that_is_too_slow_is_told(void **state)
{
	struct log_reader reader = LOG_READER_NONE;
	struct heard heard = { 0 };
	struct log_writer log;
	char line[16];

	(void)state;
	reader.dir = dir;
	log_writer_open(&log, dir, 0, FILE_MAX);
	for (int i = 0; i < 2000; i++) {
		snprintf(line, sizeof(line), "line %06d\n", i);
		log_writer_add(&log, LOG_STDOUT, line, strlen(line));
		if (i == 0)
			read_on(&reader, &heard);
	}
	log_writer_close(&log);
	read_on(&reader, &heard);
	assert_int_equal(heard.missed, 1);
	assert_true(str_starts_with(heard.text.bytes, "line 000000\nline 000001\n"));
	assert_string_equal(heard.text.bytes + heard.text.size - 12, "line 001999\n");
	log_reader_release(&reader);
	heard_release(&heard);
}

static void test_a_reader_begins_anew_with_files_that_were_removed(void **state)
{
	struct log_reader reader = LOG_READER_NONE;
	struct heard first = { 0 }, second = { 0 };

	(void)state;
	WRITE(0, "one ", "two");
	reader.dir = dir;
	reader.keeps_files = true;
	read_on(&reader, &first);
	empty_directory();
	log_reader_rewind(&reader);
	read_on(&reader, &second);
	assert_string_equal(second.text.bytes, "one two");
	log_reader_release(&reader);
	heard_release(&first);
	heard_release(&second);
}

/* ---- damage ---- */

static void change_byte(const char *name, off_t offset)
{
	autoclose int fd = openat(dir, name, O_RDWR | O_CLOEXEC);
	char byte;

	assert_int_equal(pread(fd, &byte, 1, offset), 1);
	byte ^= '\x55';
	assert_int_equal(pwrite(fd, &byte, 1, offset), 1);
}

static void cut(const char *name, off_t size)
{
	autoclose int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);

	assert_int_equal(ftruncate(fd, size), 0);
}

static void test_behind_a_changed_record_the_rest_is_read(void **state)
{
	(void)state;
	/* Each byte of the record in the middle. */
	for (off_t at = 0; at < (off_t)sizeof(struct log_record) + 3; at++) {
		struct heard heard;

		empty_directory();
		WRITE(0, "one", "two", "three");
		change_byte("1", 32 + 35 + at);
		heard = read_all();
		assert_string_equal(heard.text.bytes, "onethree");
		assert_int_equal(heard.damaged, 35);
		heard_release(&heard);
	}
}

static void test_behind_a_cut_record_the_rest_is_read(void **state)
{
	struct heard heard;

	(void)state;
	for (off_t kept = 1; kept < 35 + 60; kept++) {
		empty_directory();
		WRITE(0, "one", "a longer record of which only the beginning is left, so.....");
		cut("1",
		    32 + 35 + kept < size_of("1") - 32 ? 32 + 35 + kept : size_of("1") - 32 - 1);
		/* The end of a log that nobody writes any more. */
		heard = read_all();
		assert_string_equal(heard.text.bytes, "one");
		heard_release(&heard);
		/* A later monitor goes on behind it. */
		WRITE(1, "three", "four");
		heard = read_all();
		assert_string_equal(heard.text.bytes, "onethreefour");
		assert_true(heard.damaged > 0);
		heard_release(&heard);
	}
}

static void test_zeros_and_a_file_without_a_head_are_left_out(void **state)
{
	struct heard heard;

	(void)state;
	WRITE(0, "one");
	/* The end mark is cut off, or else what is behind the mark would be taken for old bytes. */
	cut("1", size_of("1") - 32);
	cut("1", size_of("1") + 5000);
	WRITE(1, "two");
	/* The first file isn't whole, so this is another one. */
	WRITE(2, "three");
	heard = read_all();
	assert_string_equal(heard.text.bytes, "onetwothree");
	assert_int_equal(heard.damaged, 5000);
	heard_release(&heard);
	change_byte("1", 8);
	heard = read_all();
	assert_string_equal(heard.text.bytes, "twothree");
	assert_true(heard.damaged > 0);
	heard_release(&heard);
	cut("2", 0);
	WRITE(2, "four");
	heard = read_all();
	assert_string_equal(heard.text.bytes, "four");
	heard_release(&heard);
}

/*
 * Before a power loss, the page with an end mark was written to the disk, and the pages behind it once more, with
 * new records.
 */
static void test_behind_an_old_end_mark_whole_records_are_read(void **state)
{
	struct log_reader reader = LOG_READER_NONE;
	struct heard heard = { 0 };
	autoclose int fd = -1;
	char mark[32];

	(void)state;
	WRITE(0, "one");
	fd = openat(dir, "1", O_RDWR | O_CLOEXEC);
	assert_int_equal(pread(fd, mark, sizeof(mark), 32 + 35), sizeof(mark));
	WRITE(1, "two", "three");
	assert_int_equal(pwrite(fd, mark, sizeof(mark), 32 + 35), sizeof(mark));
	assert_heard("one");
	reader.dir = dir;
	reader.is_complete = true;
	read_on(&reader, &heard);
	assert_string_equal(heard.text.bytes, "onethree");
	assert_int_equal(heard.damaged, 35);
	assert_int_equal(log_reader_rest(&reader), 0);
	log_reader_release(&reader);
	heard_release(&heard);
	/* The next monitor's first file shows that this one is complete. */
	cut("1", size_of("1") - 1);
	WRITE(1, "four");
	heard = read_all();
	assert_string_equal(heard.text.bytes, "onethreefour");
	heard_release(&heard);
}

/* A program writes what looks like a record; a byte before it is damaged, so the reader looks for records. */
/* The same on each machine of one byte order: a log is read by another build than the one that wrote it. */
static void test_the_sum_is_the_same_in_each_build(void **state)
{
	static unsigned char bytes[200];

	(void)state;
	if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
		skip();
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 37);
	assert_true(log_sum(0x123456789abcdef0, bytes, sizeof(bytes)) == 0xd186114f390fe527u);
	assert_true(log_sum(1, bytes, 0) == 0x888fc9fcc1ddb316u);
}

static void test_bytes_that_look_like_a_record_are_none(void **state)
{
	struct log_record record = { .magic = LOG_RECORD_MAGIC, .kind = LOG_STDERR, .length = 4 };
	char bytes[sizeof(record) + 4];
	struct log_writer log;
	struct heard heard;

	(void)state;
	memcpy(bytes + sizeof(record), "fake", 4);
	record.sum = log_record_sum(0, &record, "fake");
	memcpy(bytes, &record, sizeof(record));
	log_writer_open(&log, dir, 0, FILE_MAX);
	log_writer_add(&log, LOG_STDOUT, bytes, sizeof(bytes));
	log_writer_add(&log, LOG_STDOUT, "true", 4);
	log_writer_close(&log);
	change_byte("1", 32 + 8);
	heard = read_all();
	assert_string_equal(heard.text.bytes, "true");
	heard_release(&heard);
}

/* ---- a full disk ---- */

static void limit_size(rlim_t size)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = size;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* What is lost: bytes that the file has nowhere else. */
static const char much[] = { [0 ... 999] = 'x' };

static void test_lost_output_is_told_when_writing_is_possible_again(void **state)
{
	struct log_writer log;
	struct heard heard;

	(void)state;
	log_writer_open(&log, dir, 0, FILE_MAX);
	log_writer_add(&log, LOG_STDOUT, "one ", 4);
	/* A part of the record fits, and is taken back. */
	limit_size(400);
	log_writer_add(&log, LOG_STDOUT, much, sizeof(much));
	log_writer_add(&log, LOG_STDERR, much, 500);
	limit_size(RLIM_INFINITY);
	log_writer_add(&log, LOG_STDOUT, " two", 4);
	log_writer_close(&log);
	heard = read_all();
	assert_string_equal(heard.text.bytes, "one [gap] two");
	assert_int_equal(heard.gap, 1500);
	assert_int_equal(heard.damaged, 0);
	heard_release(&heard);
}

static void test_lost_output_is_told_at_the_end(void **state)
{
	struct log_writer log;
	struct heard heard;

	(void)state;
	log_writer_open(&log, dir, 0, FILE_MAX);
	/* Not even the head of a file can be written. */
	limit_size(8);
	log_writer_add(&log, LOG_STDOUT, "lost", 4);
	limit_size(RLIM_INFINITY);
	log_writer_close(&log);
	heard = read_all();
	assert_string_equal(heard.text.bytes, "[gap]");
	assert_int_equal(heard.gap, 4);
	heard_release(&heard);
}

static off_t size_of_file(const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(dir, name, &st, 0), 0);
	return st.st_size;
}

/* The disk stays full: the file can't grow any more. */
static void test_lost_output_is_told_where_there_is_never_room_again(void **state)
{
	struct log_writer log;
	struct heard heard;

	(void)state;
	log_writer_open(&log, dir, 0, FILE_MAX);
	log_writer_add(&log, LOG_STDOUT, "one", 3);
	limit_size((rlim_t)size_of_file("1"));
	log_writer_add(&log, LOG_STDOUT, much, sizeof(much));
	log_writer_add(&log, LOG_STDERR, much, 1);
	log_writer_close(&log);
	limit_size(RLIM_INFINITY);
	heard = read_all();
	assert_string_equal(heard.text.bytes, "one[gap]");
	assert_int_equal(heard.gap, 1001);
	assert_int_equal(heard.damaged, 0);
	heard_release(&heard);
}

static int open_directory(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 ? -1 : 0;
}

static int remove_directory(void **state)
{
	(void)state;
	empty_directory();
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_every_byte_is_kept_and_the_streams_apart, begin),
		cmocka_unit_test_setup(test_a_later_monitor_goes_on_with_the_file, begin),
		cmocka_unit_test_setup(test_the_log_is_bounded_and_keeps_the_newest, begin),
		cmocka_unit_test_setup(test_a_write_that_is_larger_than_a_file_is_divided, begin),
		cmocka_unit_test_setup(test_the_oldest_file_becomes_the_next_one, begin),
		cmocka_unit_test_setup(test_behind_a_monitor_that_was_killed_a_new_file_begins,
				       begin),
		cmocka_unit_test_setup(test_a_file_that_a_reader_has_open_is_not_used_again, begin),
		cmocka_unit_test_setup(test_a_file_that_is_being_used_again_is_left_out, begin),
		cmocka_unit_test_setup(test_a_record_that_is_half_written_is_no_damage, begin),
		cmocka_unit_test_setup(test_a_reader_and_a_writer_at_the_same_time, begin),
		cmocka_unit_test_setup(test_a_reader_follows_across_files, begin),
		cmocka_unit_test_setup(test_a_reader_that_is_too_slow_is_told, begin),
		cmocka_unit_test_setup(test_a_reader_begins_anew_with_files_that_were_removed,
				       begin),
		cmocka_unit_test_setup(test_behind_a_changed_record_the_rest_is_read, begin),
		cmocka_unit_test_setup(test_behind_a_cut_record_the_rest_is_read, begin),
		cmocka_unit_test_setup(test_zeros_and_a_file_without_a_head_are_left_out, begin),
		cmocka_unit_test_setup(test_behind_an_old_end_mark_whole_records_are_read, begin),
		cmocka_unit_test(test_the_sum_is_the_same_in_each_build),
		cmocka_unit_test_setup(test_bytes_that_look_like_a_record_are_none, begin),
		cmocka_unit_test_setup(test_lost_output_is_told_when_writing_is_possible_again,
				       begin),
		cmocka_unit_test_setup(test_lost_output_is_told_at_the_end, begin),
		cmocka_unit_test_setup(test_lost_output_is_told_where_there_is_never_room_again,
				       begin),
	};

	return cmocka_run_group_tests(tests, open_directory, remove_directory);
}
