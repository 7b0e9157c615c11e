/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PULL_READER_H
#define URUN_PULL_READER_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/unpack/handover.h"
#include "rootless/userns.h"

/*
 * The programs that a pull runs: urun-image in the user namespace, and skopeo as the caller.  Both
 * are children of this process and end with it.
 * Runs in: parent.
 */

/* What urun-image is started with; core/unpack/handover.h explains it. */
struct reader_call {
	const struct userns_plan *userns;
	char *const *words; /* from IMAGE_WORD_ACTION on, NULL at the end */
	int store;
	int source;	   /* -1: none */
	const char *cover; /* IMAGE_WORD_COVER */
	int lock;	   /* -1: none */
};

/* A running urun-image.  Start from READER_NONE; release with reader_end(). */
struct reader {
	pid_t pid;   /* 0: none */
	int orders;  /* to be written; its end says that no more come */
	int reports; /* to be read; its end means that all processes of urun-image have ended */
};

#define READER_NONE ((struct reader){ .orders = -1, .reports = -1 })
#define autoreader  __attribute__((cleanup(reader_end)))

/* Fails with a hint where the program isn't found, or the user namespace can't be made. */
int reader_start(const struct reader_call *call, struct reader *ret_reader, struct error *err);

/*
 * Reads the next report.  Returns 1; 0 at the end; -1 where the bytes are no report.  urun-image
 * isn't trusted: the kind, the texts and the digest of a kind that has one are checked.
 */
int reader_read(struct reader *reader, struct image_report *ret_report, struct error *err);

int reader_order(struct reader *reader, const struct image_order *order, struct error *err);

/*
 * Waits for the end; after a report of an error, or a signal, that was told already.  Fails where
 * urun-image was killed, or ended with a failure: @told says that its error was received.
 */
int reader_wait(struct reader *reader, bool told, struct error *err);

/* Kills it, if it runs. */
void reader_end(struct reader *reader);

/* A program of the host, and what it begins with beside the caller's environment. */
struct program_call {
	const char *path;
	char *const *argv;
	int dir;	    /* its current directory */
	int out;	    /* its stdout; -1: /dev/null.  stdin is /dev/null. */
	int messages;	    /* its stderr */
	uint64_t file_size; /* bytes that a file of its may have, see setrlimit(2); 0: any number */
};

/* Starts it as the caller.  It gets SIGTERM when this process ends. */
int program_start(const struct program_call *call, pid_t *ret_pid, struct error *err);

#endif
