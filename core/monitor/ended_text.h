/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_MONITOR_ENDED_TEXT_H
#define URUN_MONITOR_ENDED_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The text of the file `ended` in a container's directory: how the program ended.  The reader is
 * core/container/ended.h.
 */
struct ended_text {
	int status; /* the exit status; 128 + N where signal N ended the program; -1: it isn't known */
	int signal; /* N, or 0 */
	bool oom_killed;
	int64_t seconds; /* since 1970 */
	uint32_t nanoseconds;
};

#define ENDED_TEXT_SIZE 160

/* Writes the text, as JSON with a line end and a NUL; returns its length.  Runs in: any. */
size_t ended_text_print(const struct ended_text *ended, char ret_text[static ENDED_TEXT_SIZE]);

/*
 * The signal that ended the program of a container with process 1 (core/pid1/pid1.h), which itself has ended
 * with @status as process @pid, and isn't reaped; 0: none.  The name of process 1 tells, which a process
 * of the container may have given it by ptrace(2): so the signal is told only where the status fits.
 * A process without process 1 has no such name.
 */
int ended_signal_told(pid_t pid, int status);

/* The same, from the text of /proc/PID/comm. */
int ended_signal_in_name(const char *text, size_t size, int status);

/*
 * How a process ended, from the text of its /proc/PID/stat: false unless it has ended and isn't reaped.  *@ret_wait_status
 * is as waitpid(2) tells it, or 0 to a reader without rights on the process.  *@ret_signal is as
 * ended_signal_told() finds it.
 * Source: proc(5), /proc/PID/stat.
 */
bool ended_in_stat(const char *text, size_t size, int *ret_wait_status, int *ret_signal);

/* Sets the status and the signal to what waitpid(2) tells. */
void ended_set(struct ended_text *ended, int wait_status);

#endif
