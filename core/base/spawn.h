/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_SPAWN_H
#define URUN_BASE_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/base/libexec.h"

/*
 * How another program is started: its path, its arguments, and none of our descriptors but stdio.
 * Its stdout goes where its stderr goes, since our stdout carries results alone.
 */
struct spawn {
	const char *path; /* absolute */
	/*
	 * Executed instead of the file at @path, which may have changed; the program has the
	 * helper's directory as descriptor 3.  NULL: @path is executed.
	 */
	const struct libexec *helper;
	char *const *argv; /* NULL at the end */
	char *const *envp; /* NULL at the end */
	const void *input; /* its stdin; NULL: /dev/null */
	size_t input_size;
	unsigned int timeout_ms; /* 0: none; afterwards the program's process group is killed */
	int keep_stderr; /* 1: it writes to our stderr; 0: its output is kept for the error's text */
};

/* A started program.  spawn_finish() must follow. */
struct spawned {
	pid_t pid;
	int pidfd;
	int stderr_fd;	   /* of its output; -1: it has our stderr */
	int stdin_fd;	   /* -1: all of its input was written */
	size_t input_done; /* bytes of the input that were written */
};

/*
 * Starts the program without waiting.  All other descriptors are closed in it, all signals are as
 * by default, and none is blocked.  Where the program can't be executed, the error has the errno of
 * execve(2).
 */
int spawn_start(const struct spawn *spawn, struct spawned *ret_spawned, struct error *err);

/*
 * Waits for the program's end, or for the time-out.  Exit status 0 is success; else the error's
 * text has the path, the status or signal, and the last line that the program wrote.
 */
int spawn_finish(const struct spawn *spawn, struct spawned *spawned, struct error *err);

int spawn_run(const struct spawn *spawn, struct error *err);

#endif
