/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_INIT_PID1_H
#define URUN_INIT_PID1_H

#include <stdbool.h>

#include "core/base/error.h"
#include "core/init/program.h"

/*
 * Process 1 of the container (core/pid1/pid1.c), which this process becomes after it has made a
 * process for the program (--init).
 * Runs in: init after pivot_root.
 */
struct pid1 {
	int file;    /* the program of process 1, sealed; -1: there is no process 1 */
	char *stack; /* for the program's process until its execve */
	int *given;  /* the program's descriptors, which process 1 doesn't keep */
	size_t given_count;
	bool is_alone;	      /* the pid namespace is the container's own */
	bool has_terminal;    /* descriptor 0 is the container's terminal */
	bool prctl_allowed;   /* the filter lets prctl(2) through */
	unsigned int fds_end; /* above stdio and the preserved descriptors */
	int gate[2];	      /* a pipe on which the program's process waits for process 1 */
	/* Called in the program's process where the program can't be executed.  May not return. */
	void (*fail)(void *context, const struct error *err);
	void *context;
};

#define PID1_NONE ((struct pid1){ .file = -1, .gate = { -1, -1 } })

/*
 * Makes the file and the stack; the other members are the caller's to set before.  Without a pid
 * namespace of the container's own, orphans come to this process by PR_SET_CHILD_SUBREAPER.
 * ORDER: before the filter, which may refuse the calls, and with the capability to mount.
 */
int pid1_prepare(struct pid1 *pid1, struct error *err);

/*
 * Makes a child, which will lead a process group and execute the program, and executes process 1 in
 * this process.  Returns only where that fails; then the program doesn't run.  Where the program
 * can't be executed, the child calls pid1->fail() with the error of program_exec().
 */
int pid1_exec(const struct pid1 *pid1, const struct program *program, struct error *err);

#endif
