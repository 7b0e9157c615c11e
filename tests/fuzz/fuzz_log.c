// SPDX-License-Identifier: Apache-2.0
/*
 * The reader of a container's log.  The input says how a file of the log is made: of good records, of any
 * bytes, and of good records that were cut.  Whatever the file is, reading ends, every byte is accounted for,
 * and every good record that isn't cut and stands behind another good one is read.
 */
#include <fcntl.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/monitor/log_reader.h"
#include "tests/fuzz/fuzz.h"

#define KEY 0x1234567890abcdefu

static char directory[] = "/tmp/urun-fuzz-log-XXXXXX";

static void remove_fuzz_directory(void)
{
	autofree char *path = str_format("%s/1", directory);

	unlink(path);
	rmdir(directory);
}

static int open_fuzz_directory(void)
{
	static int dir = -1;

	if (dir >= 0)
		return dir;
	fuzz_demand(mkdtemp(directory) != NULL, "a directory can be made");
	atexit(remove_fuzz_directory);
	dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir;
}

static void add_record(struct strbuf *file, enum log_kind kind, const void *bytes, size_t size)
{
	struct log_record record = { .magic = LOG_RECORD_MAGIC,
				     .kind = kind,
				     .length = (uint32_t)size };

	record.sum = log_record_sum(KEY, &record, bytes);
	strbuf_add(file, &record, sizeof(record));
	strbuf_add(file, bytes, size);
}

/* Returns the number of good records before the first fault. */
static size_t make_file_text(struct fuzz_input *input, struct strbuf *file, bool *ret_has_marks)
{
	size_t good = 0;
	bool faulty = false;

	while (input->size > 0) {
		uint32_t step = fuzz_number(input, 1), wanted = fuzz_number(input, 2);
		size_t size, before = file->size;
		uint8_t *bytes = fuzz_bytes(input, wanted, &size);

		switch (step % 4) {
		case 0:
			strbuf_add(file, bytes, size);
			faulty = faulty || size > 0;
			break;
		case 1:
			if (size > 0)
				add_record(file, step & 4 ? LOG_STDOUT : LOG_STDERR, bytes, size);
			good += size > 0 && !faulty;
			break;
		case 2: {
			struct log_gap gap = { .bytes = wanted };

			/* An end mark that is left, with records behind it. */
			if (step & 4) {
				add_record(file, LOG_END, "", 0);
				faulty = *ret_has_marks = true;
				break;
			}

			add_record(file, LOG_GAP, &gap, sizeof(gap));
			good += !faulty;
			break;
		}
		default:
			if (size > 0)
				add_record(file, LOG_STDOUT, bytes, size);
			if (file->size > before)
				file->size = before + wanted % (file->size - before);
			faulty = faulty || file->size > before;
			break;
		}
		free(bytes);
	}
	return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct fuzz_input input = { bytes, size };
	struct log_head head = { .magic = LOG_HEAD_MAGIC, .key = KEY, .number = 1 };
	struct log_reader reader = LOG_READER_NONE;
	struct error err = ERROR_NONE;
	autostrbuf struct strbuf file = { 0 };
	autoclose int fd = -1;
	struct log_item item;
	enum log_read read;
	uint64_t total = 0;
	size_t records = 0, good;
	bool has_marks = false;

	reader.dir = open_fuzz_directory();
	reader.is_complete = true;
	good = make_file_text(&input, &file, &has_marks);
	head.sum = log_sum(KEY, &head, offsetof(struct log_head, sum));
	fd = openat(reader.dir, "1", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	fuzz_demand(fd_write_all(fd, &head, sizeof(head)) == 0 &&
			    fd_write_all(fd, file.bytes, file.size) == 0,
		    "the file can be written");
	while ((read = log_reader_next(&reader, &item, &err)) != LOG_READ_END) {
		fuzz_demand(read == LOG_READ_RECORD || read == LOG_READ_DAMAGED,
			    "one file has only records and damage");
		if (read == LOG_READ_RECORD)
			records++;
		total += read == LOG_READ_RECORD ? sizeof(item.record) + item.record.length
						 : item.damaged;
	}
	total += log_reader_rest(&reader);
	fuzz_demand(total == file.size || (has_marks && total < file.size),
		    "every byte is accounted for, but for old ones behind the last end mark");
	fuzz_demand(records >= good, "the good records at the beginning are read");
	log_reader_release(&reader);
	return 0;
}
