/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_MONITOR_LOG_WRITER_H
#define URUN_MONITOR_LOG_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "core/monitor/record.h"

/*
 * Appends to a log (core/monitor/record.h).  No function fails: output that can't be written (the disk
 * is full, say) is counted, and the log says so at this place as soon as writing is possible again.
 *
 * Runs in: urun-monitor.  Allocates nothing.
 */
struct log_writer {
	int dir;	       /* the log's directory; the caller's */
	int fd;		       /* the last file; -1: it isn't open */
	uint64_t number;       /* of the last file; 0: there is none */
	uint64_t key;	       /* of that file */
	uint64_t size;	       /* of that file, without the end mark and what is behind it */
	uint64_t file_max;     /* bytes */
	struct log_record end; /* the end mark of that file */
	struct log_gap gap;    /* what isn't in the log; all zero: nothing was lost */
};

/*
 * Goes on with the log in @dir, whose last file has @number (0: the log is empty).  The descriptor stays
 * the caller's.
 */
void log_writer_open(struct log_writer *log, int dir, uint64_t number, uint64_t file_max);

/* Appends @size bytes of the stream @kind (LOG_STDOUT or LOG_STDERR), received now. */
void log_writer_add(struct log_writer *log, enum log_kind kind, const void *bytes, size_t size);

/* Appends what is to be said of lost output, and closes the file. */
void log_writer_close(struct log_writer *log);

#endif
