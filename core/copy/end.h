/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_COPY_END_H
#define URUN_COPY_END_H

#include <signal.h>
#include <stdbool.h>

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/container/state.h"
#include "core/copy/report.h"
#include "core/parent/clone.h"
#include "rootless/userns.h"

/*
 * One end of a copy, and the process that it runs in.
 * Runs in: parent; end_main() in the process of the end.
 */
struct end {
	char *id;	  /* of the container; NULL: the host */
	const char *path; /* "-" of the host: stdin or stdout */

	/* A container's: */
	struct container container;
	struct container_config config;
	bool running;
	int life;		      /* the pidfd of its first process, while it runs; else -1 */
	struct namespaces namespaces; /* of a running one */
	int overlay_lock;	      /* of a stopped one: overlay_use_begin(); -1: none */
	struct userns_plan *userns;   /* what is joined, or made for a stopped one */

	/* The process: */
	pid_t pid;  /* 0: none */
	int result; /* the pipe on which it tells its result */
	int go;	    /* closed when the maps of its user namespace are written */
};

void end_release(struct end *end);

/*
 * Opens the container and finds out how its files can be seen.  A stopped one stays locked until
 * end_release(), so that it can't be started meanwhile.
 */
int end_open_container(struct end *end, const char *root, struct error *err);

/* What the process of an end does. */
struct end_task {
	const struct end *end;	   /* whose side of the copy it is */
	const struct end *entered; /* whose user namespace it is in */
	bool sees_container;	   /* its files are the container's; else the host's */
	int stream;		   /* its end of the pipe between both */
	const volatile sig_atomic_t *stop;
	int (*run)(const struct end_task *task, int root, struct report *report, struct error *err);
	const void *context;
};

/* Starts the process.  end_await() must follow. */
int end_start(struct end *end, const struct end_task *task, struct error *err);

/* Waits for the process, and takes its report and its error. */
int end_await(struct end *end, struct report *ret_report, struct error *err);

#endif
