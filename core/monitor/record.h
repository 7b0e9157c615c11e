/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_MONITOR_RECORD_H
#define URUN_MONITOR_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The log of a container that runs detached: what its program has written to stdout and stderr, to the
 * byte, and when.
 *
 * The log is a directory of files with the names 1, 2, 3 …  urun-monitor appends to the last file.
 * When the file is full, the monitor makes the next one out of the file that is LOG_FILES before it: so
 * the log is bounded, and keeps at least three quarters of that bound.  A number is never used again,
 * so a reader that follows the log can't mistake a new file for an old one.
 *
 * A file begins with a struct log_head, and records follow without gaps.  A record is a struct
 * log_record with its bytes behind it.  Behind the last record is an end mark: a record of kind LOG_END,
 * which the next record replaces.  While a monitor writes, zeros follow the end mark: room for a record of
 * a gap, where the disk gets full and stays so.  Numbers have the byte order of the host.
 *
 * The oldest file becomes the next one as it is: it gets a new head, with a new key and an end mark
 * behind it, and the new name.  Its old bytes stay behind the end mark, until new records replace them.  To
 * remove the file and make another would cost more than all the rest, when a program writes much: the
 * kernel would free each page of the file, and allocate and clear another.
 *
 * A reader must not find other bytes in a file that it has begun to read.  So a reader has a shared
 * flock(2) on each file that it has open, and the monitor takes an exclusive one before it writes
 * the new head.  Where a reader has the oldest file, the monitor removes that name, and makes a new file.
 *
 * A reader of the last file may meet a record that is half written, in place of an end mark.  Records are
 * written in their order: when a later record is whole, all before it are.  So what is no record is
 * damage only if it was read after a whole record behind it was seen, or when the file is complete.
 *
 * After a power loss any part of a file may be cut or zero.  A record has a magic number, its length
 * and a sum over all of it: a reader that meets a bad record looks for the next good one.  The
 * container chooses the bytes, which may look like records; but the sum depends on the file's key,
 * which the container can't read.  So only a record of the monitor has the right sum.
 *
 * Runs in: any.  These functions call nothing, so that urun-monitor needs no libc.
 */

#define LOG_FILES 4

/* The most bytes that one record holds, and a read of the monitor takes: all that a pipe holds. */
#define LOG_BYTES_MAX 65536u

#define LOG_HEAD_MAGIC	 0x31676f6c6e757275u /* "urunlog1" on a little-endian host */
#define LOG_RECORD_MAGIC 0xd10c5e7au

struct log_head {
	uint64_t magic;
	uint64_t key; /* random */
	uint64_t number;
	uint64_t sum; /* log_sum() of the members before it */
};

enum log_kind {
	LOG_STDOUT = 1,
	LOG_STDERR = 2,
	LOG_GAP = 3, /* output was lost here: the bytes are a struct log_gap */
	LOG_END = 4, /* the end mark, without bytes */
};

struct log_record {
	uint32_t magic;
	uint32_t kind;
	uint32_t length; /* of the bytes behind this struct */
	uint32_t zero;
	uint64_t time_ns; /* since 1970: when the monitor received the bytes */
	uint64_t sum;	  /* log_record_sum() */
};

struct log_gap {
	uint64_t bytes; /* how many were lost */
	uint64_t since_ns;
	uint32_t error; /* the errno of the first write that failed */
	uint32_t zero;
};

/* A sum over @size bytes; @key goes into every step of it. */
uint64_t log_sum(uint64_t key, const void *bytes, size_t size);

/* The sum of a record in a file with this key: over its members before @sum, and its bytes. */
uint64_t log_record_sum(uint64_t key, const struct log_record *record, const void *bytes);

/* Is it the head of the file with this number? */
bool log_head_is_good(const struct log_head *head, uint64_t number);

/*
 * Is there a whole record at the start of @bytes?  Then *@ret_record is a copy of its head, and the
 * record's bytes are behind the head in @bytes.
 */
enum log_found {
	LOG_FOUND,
	LOG_CUT, /* a record may begin here, and isn't whole yet: more bytes are needed */
	LOG_BAD, /* no record begins here */
};
enum log_found log_record_find(uint64_t key, const void *bytes, size_t size,
			       struct log_record *ret_record);

/*
 * Writes @number in decimal digits, with a NUL behind them: the name of a file.  Returns the number of digits.
 */
#define LOG_NAME_SIZE 21
size_t log_file_name(uint64_t number, char ret_name[static LOG_NAME_SIZE]);

#endif
