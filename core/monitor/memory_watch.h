/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_MONITOR_MEMORY_WATCH_H
#define URUN_MONITOR_MEMORY_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Has the kernel killed a process of a cgroup for lack of memory?  The cgroup's file memory.events has the count,
 * but where systemd made the cgroup, the file is gone as soon as the last process has ended.
 *
 * The kernel counts, then notifies those who poll(2) the file, then sends SIGKILL.  But it notifies once in
 * 10 ms only, and at its limit a cgroup has had other events just before.  So a kill may be noticed
 * when the file is gone already.  The cgroup above counts the kills of its own and of all below: where
 * that count has grown since the last event, which was a moment ago, the kill was here.
 *
 * Source: the kernel's Documentation/admin-guide/cgroup-v2.rst, "memory.events".
 */
struct memory_watch {
	/* To be polled with POLLPRI, and looked at then; -1: there is none, or nothing more to learn. */
	int own;
	int above;	     /* memory.events of the cgroup above; -1: there is none */
	bool killed;	     /* the answer */
	int64_t above_kills; /* when @own was read last, or before the program ran; -1: unknown */
	int64_t read_at;     /* when @own was read, in seconds of CLOCK_MONOTONIC; 0: never */
};

#define MEMORY_WATCH_NONE ((struct memory_watch){ .own = -1, .above = -1, .above_kills = -1 })

/*
 * Notes the count above.  To be called before the program runs, which may be killed, and its cgroup be removed,
 * before the first look.  Runs in: parent.
 */
void memory_watch_begin(struct memory_watch *watch);

/*
 * Reads the files.  To be called when poll(2) says so, and at the program's end.  A file that was never read
 * counts as changed.  The descriptors stay the caller's.  Runs in: any.
 */
void memory_watch_look(struct memory_watch *watch);

/* The count of kills in the text of memory.events; -1: there is none. */
int64_t memory_events_kills(const char *text, size_t size);

#endif
