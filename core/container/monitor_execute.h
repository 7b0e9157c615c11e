/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_MONITOR_EXECUTE_H
#define URUN_CONTAINER_MONITOR_EXECUTE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/base/libexec.h"
#include "core/monitor/handover.h"

/*
 * How a process becomes urun-monitor: the creator of a container (core/parent/detach.c), or a
 * process that takes the place of a monitor that was killed (core/container/replace.h).
 */
struct monitor_order {
	const struct libexec *program;
	const char *id;
	const char *root;    /* the state root: an absolute path */
	int64_t log_size;    /* the most bytes of the log; see core/config/log_options.h */
	uint64_t log_number; /* of the log's last file; 0: there is none */
	int64_t above_kills; /* struct memory_watch's */
	bool removes;	     /* the monitor removes the container in the end: `urun delete` */
	bool ends_rest; /* the monitor ends what the container has left in another's pid namespace */
	bool replaces;	/* another monitor was killed */
	char *const *envp; /* the environment of the command in the end; NULL at the end */
	/*
	 * What the monitor gets under these numbers, each of MONITOR_FD_END or above; -1:
	 * /dev/null, which the first three are.
	 */
	int fds[MONITOR_FD_END];
	int report;	  /* gets @report_byte immediately before the execve; -1: nobody is told */
	char report_byte; /* a write that fails is ignored */
};

/* Sets all of them to -1. */
void monitor_fds_clear(int fds[static MONITOR_FD_END]);

/*
 * Replaces *@fd by a descriptor for the same file that is above the monitor's numbers.  Does nothing
 * to -1.  Returns 0 or a negative errno.
 */
int monitor_fd_above(int *fd);

/* The same for each of @fds. */
int monitor_fds_above(int *const *fds, size_t count);

/* Opens a file under such a number, close-on-exec; -1 on failure. */
int monitor_open_above(const char *path, int flags);

/*
 * Returns a timerfd, under such a number, that ends when clock_ns() is @deadline_ns; -1: there is
 * none. 0: without end, and -1.
 */
int monitor_open_timer(int64_t deadline_ns);

/*
 * Process boundary: executes urun-monitor.  Nothing of the caller's goes on: neither its
 * descriptors, working directory and environment, nor its signals.  Returns on failure alone: with
 * the descriptors 0, 1 and 2 on /dev/null, or as they were.
 */
int monitor_execute(const struct monitor_order *order, struct error *err);

#endif
