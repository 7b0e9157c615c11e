/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_TERMINAL_H
#define URUN_CONTAINER_TERMINAL_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

#include "core/base/error.h"

/* One direction of copying: what was read and isn't written yet. */
struct terminal_flow {
	int from;
	int to;
	size_t size;
	size_t done;
	bool ended;
	char bytes[16384];
};

/*
 * The user's terminal (our stdin and stdout) before the container's: raw while the program runs,
 * each keystroke passed on, each window size too. Where stdin is no terminal its bytes are passed
 * on as they are, and its end is typed as end-of-file.
 */
struct terminal {
	int console; /* the master of the container's terminal; -1: there is none, and nothing here
			does anything */
	bool raw;    /* the user's terminal was changed, and must be given back */
	struct termios saved;
	struct terminal_flow input;
	struct terminal_flow output;
};

#define TERMINAL_POLL_FDS 4

/* @console stays the caller's. */
int terminal_open(struct terminal *terminal, int console, struct error *err);

/* Gives the user's terminal back as it was. */
void terminal_close(struct terminal *terminal);

/* Makes the window of @console, the container's terminal, as large as the user's. */
void terminal_copy_window(int console);

/* Fills in, and handles, TERMINAL_POLL_FDS entries of a poll(2). */
void terminal_poll_prepare(const struct terminal *terminal, struct pollfd *fds);
void terminal_poll_done(struct terminal *terminal, const struct pollfd *fds);

/* Copies what the container has written and nobody has read yet; waits for no more. */
void terminal_drain(struct terminal *terminal);

#endif
