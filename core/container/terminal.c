// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/container/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "core/base/fd.h"

/* ---- job control ---- */

bool terminal_in_background(void)
{
	pid_t foreground = tcgetpgrp(STDIN_FILENO);

	return foreground > 0 && foreground != getpgrp();
}

void terminal_stop_by(int signal)
{
	sigset_t only;

	sigemptyset(&only);
	sigaddset(&only, signal);
	raise(signal);
	sigprocmask(SIG_UNBLOCK, &only, NULL);
	/* Here we are stopped; SIGCONT lets us go on. */
	sigprocmask(SIG_BLOCK, &only, NULL);
}

/* Takes the SIGCONT that is pending; returns whether there was one. */
static bool take_continue(void)
{
	const struct timespec now = { 0 };
	sigset_t only;

	sigemptyset(&only);
	sigaddset(&only, SIGCONT);
	return sigtimedwait(&only, NULL, &now) == SIGCONT;
}

/*
 * A job in the background leaves the terminal alone, as the shell reads from it: it stops until it is
 * in the foreground.  The kernel does the same to a process that changes the settings; but we have
 * SIGTTOU blocked, and then it lets us.  Where the kernel hasn't stopped us, we go on.
 */
static void await_foreground(void)
{
	while (terminal_in_background()) {
		terminal_stop_by(SIGTTOU);
		if (!take_continue())
			break;
	}
}

/*
 * Raw, but with OPOST: the container's terminal leaves line feeds as they are (its ONLCR is off),
 * so that the user's terminal turns them into carriage return and line feed, as for every program.
 */
static int make_raw(struct terminal *terminal, struct error *err)
{
	struct termios raw;

	await_foreground();
	if (tcgetattr(STDIN_FILENO, &terminal->saved) < 0)
		return errno == ENOTTY || errno == EBADF
			       ? 0
			       : error_set(err, errno, "read the terminal's settings");
	raw = terminal->saved;
	cfmakeraw(&raw);
	raw.c_oflag |= OPOST;
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) < 0)
		return error_set(err, errno, "make the terminal raw");
	terminal->raw = true;
	return 0;
}

void terminal_copy_window(int console)
{
	struct winsize size;

	/* A terminal without a known size (a serial line) leaves process.consoleSize as it is. */
	if ((ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 ||
	     ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) &&
	    (size.ws_row || size.ws_col))
		ioctl(console, TIOCSWINSZ, &size);
}

int terminal_open(struct terminal *terminal, int console, struct error *err)
{
	memset(terminal, 0, offsetof(struct terminal, input));
	terminal->console = console;
	terminal->input.from = terminal->input.to = terminal->output.from = terminal->output.to =
		-1;
	terminal->input.size = terminal->input.done = terminal->output.size =
		terminal->output.done = 0;
	terminal->input.ended = terminal->output.ended = true;
	if (console < 0)
		return 0;
	/*
	 * Changes our own descriptor alone: the user's stdin and stdout are shared with other
	 * programs, which expect them to block.
	 */
	if (fcntl(console, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
		return error_set(err, errno, "set the console to non-blocking");
	terminal->input.from = STDIN_FILENO;
	terminal->input.to = console;
	terminal->output.from = console;
	terminal->output.to = STDOUT_FILENO;
	terminal->input.ended = terminal->output.ended = false;
	return make_raw(terminal, err);
}

void terminal_close(struct terminal *terminal)
{
	if (terminal->raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal->saved);
	terminal->raw = false;
}

void terminal_resume(struct terminal *terminal)
{
	struct error ignored = ERROR_NONE;

	if (terminal->console < 0)
		return;
	make_raw(terminal, &ignored);
	terminal_copy_window(terminal->console);
}

static bool is_pending(const struct terminal_flow *flow)
{
	return flow->done < flow->size;
}

/* One entry for reading, one for writing; poll(2) skips negative descriptors. */
static void prepare_flow(const struct terminal_flow *flow, struct pollfd *fds)
{
	fds[0] = (struct pollfd){ .fd = flow->ended || is_pending(flow) ? -1 : flow->from,
				  .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = is_pending(flow) ? flow->to : -1, .events = POLLOUT };
}

void terminal_poll_prepare(const struct terminal *terminal, struct pollfd *fds)
{
	prepare_flow(&terminal->input, fds);
	prepare_flow(&terminal->output, fds + 2);
}

static void flow_write(struct terminal_flow *flow)
{
	while (is_pending(flow)) {
		ssize_t n = write(flow->to, flow->bytes + flow->done, flow->size - flow->done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		/*
		 * Nobody reads any more: the bytes are thrown away, so that the program doesn't
		 * block.
		 */
		flow->done = n < 0 ? flow->size : flow->done + (size_t)n;
	}
}

static ssize_t flow_read(struct terminal_flow *flow)
{
	ssize_t n;

	do
		n = read(flow->from, flow->bytes, sizeof(flow->bytes));
	while (n < 0 && errno == EINTR);
	flow->done = 0;
	flow->size = n > 0 ? (size_t)n : 0;
	return n;
}

/*
 * A program that reads a terminal learns of its end by the end-of-file character at the begin of a
 * line.
 */
static void type_end_of_file(struct terminal_flow *input)
{
	struct termios settings;

	input->bytes[0] = 4;
	if (tcgetattr(input->to, &settings) == 0)
		input->bytes[0] = (char)settings.c_cc[VEOF];
	input->done = 0;
	input->size = 1;
}

static void handle_flow(struct terminal *terminal, struct terminal_flow *flow,
			const struct pollfd *fds)
{
	if (fds[1].revents)
		flow_write(flow);
	if (fds[0].revents && !is_pending(flow)) {
		ssize_t n = flow_read(flow);

		if (n < 0 && errno == EAGAIN)
			return;
		/*
		 * EIO: no process has the container's terminal open, any more or yet (the drain
		 * reads the rest).
		 */
		if (n <= 0)
			flow->ended = true;
		if (n <= 0 && flow == &terminal->input && !terminal->raw)
			type_end_of_file(flow);
		flow_write(flow);
	}
}

void terminal_poll_done(struct terminal *terminal, const struct pollfd *fds)
{
	handle_flow(terminal, &terminal->input, fds);
	handle_flow(terminal, &terminal->output, fds + 2);
}

void terminal_drain(struct terminal *terminal)
{
	struct terminal_flow *output = &terminal->output;

	if (terminal->console < 0)
		return;
	flow_write(output);
	while (flow_read(output) > 0)
		flow_write(output);
}
