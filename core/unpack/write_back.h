/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_UNPACK_WRITE_BACK_H
#define URUN_UNPACK_WRITE_BACK_H

#include <stdint.h>
#include <sys/types.h>

#include "core/base/error.h"

/*
 * A process that writes to the disk what the layers' processes have made so far, so that the
 * syncfs(2) before the layers get their names has little left to wait for.  It decides nothing: that
 * syncfs(2) is still needed, and tells of errors.
 */
struct write_back {
	pid_t pid; /* 0 where there is none */
	int end;   /* while the caller has it, the process goes on */
};

#define WRITE_BACK_NONE ((struct write_back){ .pid = 0, .end = -1 })

/* Says how many bytes were worked on so far. */
typedef uint64_t (*write_back_progress)(const void *of);

/* @store: any descriptor of the file system. */
int write_back_start(int store, write_back_progress progress, const void *of,
		     struct write_back *ret_back, struct error *err);

/* Waits for the end of the process, which may be within a syncfs(2). */
void write_back_end(struct write_back *back);

#endif
