/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_MONITOR_LOG_READER_H
#define URUN_MONITOR_LOG_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/monitor/record.h"

/* One file of a log, opened. */
struct log_file {
	int fd;
	uint64_t number;
	uint64_t key;
	uint64_t offset; /* of the first byte that isn't in the buffer yet */
	uint64_t sure;	 /* bytes before this offset were read again: what is no record is damage */
	bool begun;	 /* its head was read */
	bool over; /* the end mark was passed: what follows is old, unless there is a whole record */
};

/*
 * Reads a log (core/monitor/record.h) from its beginning, while it is being written.  All files are
 * opened and locked as soon as they are seen, so that the writer doesn't use them again, and a file which
 * is removed afterwards can still be read.
 * Runs in: parent.  Start from LOG_READER_NONE; release with log_reader_release().
 */
struct log_reader {
	int dir; /* the caller's */
	struct log_file *files;
	size_t file_count;
	size_t current; /* the index of the file that is being read */
	unsigned char *buffer;
	size_t begin, end; /* of the bytes in the buffer that aren't used yet */
	uint64_t skipped; /* bytes of the same file, right before them, that seem to be no record */
	uint64_t damaged; /* bytes before those that are no record, and weren't told of yet */
	uint64_t rest;	  /* log_reader_rest() */
	bool keeps_files; /* log_reader_rewind() will be called */
	bool is_complete; /* set by the caller: nobody writes to the log any more */
};

#define LOG_READER_NONE ((struct log_reader){ .dir = -1 })
void log_reader_release(struct log_reader *reader);

enum log_read {
	LOG_READ_RECORD,
	LOG_READ_DAMAGED, /* a part of the log can't be read, and was left out */
	LOG_READ_MISSED,  /* files were removed before they were read */
	LOG_READ_END,	  /* there is no more now */
	LOG_READ_FAILED,
};

/* What was read.  The bytes are valid until the next call. */
struct log_item {
	struct log_record record;
	const char *bytes;
	uint64_t damaged; /* for LOG_READ_DAMAGED: how many bytes */
};

/*
 * Reads the next record.  After LOG_READ_END the call may be repeated when the log has grown.  Fails where
 * the directory or a file can't be read.
 */
enum log_read log_reader_next(struct log_reader *reader, struct log_item *ret_item,
			      struct error *err);

/* After LOG_READ_END, when nothing will be added: the bytes at the end that are no whole record. */
uint64_t log_reader_rest(const struct log_reader *reader);

/* Begins anew, at the first of the files that were opened.  After that, files that were read are closed. */
void log_reader_rewind(struct log_reader *reader);

#endif
