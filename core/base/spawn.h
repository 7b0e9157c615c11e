/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_SPAWN_H
#define URUN_BASE_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/base/libexec.h"

/*
 * How another program is started: by its path, with these arguments and nothing of ours but stdio.
 * Its stdout goes where its stderr goes: ours carries results alone.
 */
struct spawn {
	const char *path; /* absolute */
	/*
	 * Executed in place of what @path leads to by now; the program has the helper's directory
	 * as descriptor 3.  NULL: @path is executed.
	 */
	const struct libexec *helper;
	char *const *argv; /* NULL at the end */
	char *const *envp; /* NULL at the end */
	const void *input; /* what it reads on stdin; NULL: /dev/null */
	size_t input_size;
	unsigned int timeout_ms; /* 0: none; at its end the program's process group is killed */
	int keep_stderr; /* 1: it writes to our stderr; 0: what it writes is caught for the error's
			    text */
};

/* A started program.  spawn_finish() must follow. */
struct spawned {
	pid_t pid;
	int pidfd;
	int stderr_fd;	   /* what it writes; -1: it has our stderr */
	int stdin_fd;	   /* -1: it was given all of its input */
	size_t input_done; /* bytes of the input that were written */
};

/*
 * Starts without waiting.  All other descriptors are closed in it, all signals are as by default
 * and none is blocked. Where the program can't be executed, the error has the errno of execve(2).
 */
int spawn_start(const struct spawn *spawn, struct spawned *ret_spawned, struct error *err);

/*
 * Waits for the end (and the time-out).  Success is exit status 0; else the error's text has the
 * path, the status or signal, and the last line that the program wrote.
 */
int spawn_finish(const struct spawn *spawn, struct spawned *spawned, struct error *err);

int spawn_run(const struct spawn *spawn, struct error *err);

#endif
