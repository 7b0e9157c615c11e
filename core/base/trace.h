/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_TRACE_H
#define URUN_BASE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/error.h"

/*
 * Where the time of a command goes: the steps of urun and of `urun init`, with their times, as a file that
 * Chrome (about:tracing), Perfetto and speedscope show.  When it is off, a step costs the look at one variable.
 * Like the log, this is global state of the process.
 * Source: the "Trace Event Format" of Chrome, JSON Array Format, complete events ("ph":"X").
 */

/* Writes to the file @path, which is made with 0600 and emptied; the rest is written when the process ends. */
int trace_open(const char *path, struct error *err);

/* Keeps the steps in memory, for trace_take(). */
void trace_keep(void);

bool trace_is_on(void);

/*
 * The step @name, a text that stays, begins, and with it ends the step before.  NULL: none begins.  Returns 0
 * always, so that it can stand in a story of steps.
 */
int trace_step(const char *name);

/* A step of another process.  Times are those of CLOCK_REALTIME, which no time namespace changes. */
#define TRACE_NAME_SIZE 32
struct trace_event {
	int64_t begun_ns;
	int64_t ended_ns;
	char name[TRACE_NAME_SIZE];
};
#define TRACE_EVENTS_MAX 32

/* The steps that were kept since the last call; none is running any more.  Returns how many there are. */
size_t trace_take(struct trace_event ret_events[static TRACE_EVENTS_MAX]);

/* The process whose steps trace_add() writes: the container's, which isn't trusted. */
void trace_set_child(pid_t pid);
void trace_add(const void *events, size_t count);

#endif
