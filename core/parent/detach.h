/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_DETACH_H
#define URUN_PARENT_DETACH_H

#include <sys/types.h>

#include "core/base/error.h"
#include "core/base/libexec.h"
#include "core/base/str.h"
#include "core/parent/create.h"
#include "core/parent/streams.h"

/*
 * How a container without a bundle is started in the background.  The head of detach.c has the story.
 * Start from DETACH_NONE; release with detach_release().
 */
struct detach {
	struct libexec monitor;
	pid_t creator; /* in the caller: the process that makes the container */
	int report;    /* the pipe between both */
};

#define DETACH_NONE ((struct detach){ .monitor = LIBEXEC_NONE, .report = -1 })
void detach_release(struct detach *detach);

enum detach_side { DETACH_CALLER, DETACH_CREATOR };

/*
 * Finds urun-monitor, and forks.  *ret_side tells in which process this returns: in the caller, which calls
 * detach_await(), or in the creator, which makes the container and calls detach_hand_over().
 */
int detach_fork(struct detach *detach, enum detach_side *ret_side, struct error *err);

/*
 * Waits until the program runs.  *ret_status is 0 then; or else the status of the creator, which has
 * told the error.
 */
int detach_await(struct detach *detach, int *ret_status, struct error *err);

/* What the monitor is given besides the container. */
struct detach_order {
	struct streams *streams;
	int64_t log_size; /* the most bytes of the log; see core/config/log_options.h */
	const char *root; /* the state root */
	bool removes;	  /* the monitor removes the container in the end: `urun delete` */
	struct str_list environment; /* of that command; NULL is the last item */
	int64_t deadline_ns; /* clock_ns() at which the monitor kills the program; 0: never; set by detach_record() */
};

/*
 * Writes down what another monitor needs, should the monitor be killed (core/container/monitor_record.h), and fixes
 * the deadline.  To be called when the program runs, while the lock of the directory is held.  Without a record, which
 * is a warning, a monitor that was killed isn't replaced.
 */
void detach_record(const struct created *created, struct detach_order *order);

/*
 * Tells the caller that the program runs, and executes urun-monitor.  Returns on failure alone; then
 * the container still runs, and @created and the streams are as they were but for the numbers of their
 * descriptors.
 */
int detach_hand_over(struct detach *detach, struct created *created,
		     const struct detach_order *order, struct error *err);

#endif
