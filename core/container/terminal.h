/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_TERMINAL_H
#define URUN_CONTAINER_TERMINAL_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

#include "core/base/error.h"

/* One direction of copying: bytes that were read and not written yet. */
struct terminal_flow {
	int from;
	int to;
	size_t size;
	size_t done;
	bool ended;
	char bytes[16384];
};

/*
 * Connects the user's terminal (our stdin and stdout) to the container's.  The user's terminal is
 * raw while the program runs; each keystroke and each window size is passed on.  Where stdin is no
 * terminal its bytes are passed on as they are, and its end is typed as end-of-file.
 */
struct terminal {
	int console; /* the master of the container's terminal; -1: none, nothing is copied */
	bool raw;    /* the user's terminal was changed, and must be given back */
	struct termios saved;
	struct terminal_flow input;
	struct terminal_flow output;
};

#define TERMINAL_POLL_FDS 4

/*
 * @console stays the caller's.  Where the shell has started us in the background, this process is
 * stopped until it is in the foreground; SIGTTOU and SIGCONT are blocked by the caller
 * (monitor_block_signals()).
 */
int terminal_open(struct terminal *terminal, int console, struct error *err);

/* Restores the user's terminal. */
void terminal_close(struct terminal *terminal);

/* After terminal_close(): goes on as before, with the settings and the window that the user's terminal has now. */
void terminal_resume(struct terminal *terminal);

/* Is our stdin the terminal of a shell that has given it to another job (`urun run … &`)? */
bool terminal_in_background(void);

/*
 * Stops this process by @signal, SIGTSTP or SIGTTOU, as a terminal stops any process, until somebody
 * continues it.  In a process group that no shell looks after, or with @signal ignored, the kernel doesn't
 * stop us.  The caller has blocked @signal, and SIGCONT, which is pending afterwards.
 */
void terminal_stop_by(int signal);

/* Makes the window of @console, the container's terminal, as large as the user's. */
void terminal_copy_window(int console);

/* Fills in, and handles, TERMINAL_POLL_FDS entries of a poll(2). */
void terminal_poll_prepare(const struct terminal *terminal, struct pollfd *fds);
void terminal_poll_done(struct terminal *terminal, const struct pollfd *fds);

/* Copies the container's output that nobody has read yet, without waiting for more. */
void terminal_drain(struct terminal *terminal);

#endif
