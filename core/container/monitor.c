// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/container/monitor.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/pidfd.h"
#include "core/base/str.h"
#include "core/container/terminal.h"

void monitor_block_signals(sigset_t *ret_signals)
{
	/* Delivered at once: faults, and signals that can't be blocked anyway. */
	static const int not_forwarded[] = { SIGSEGV, SIGBUS, SIGFPE,  SIGILL, SIGTRAP,
					     SIGABRT, SIGSYS, SIGKILL, SIGSTOP };

	sigfillset(ret_signals);
	for (size_t i = 0; i < ARRAY_SIZE(not_forwarded); i++)
		sigdelset(ret_signals, not_forwarded[i]);
	sigprocmask(SIG_BLOCK, ret_signals, NULL);
}

/*
 * Reaps our children: the container, and orphans that it leaves to us where it has no pid
 * namespace.  Returns true at the container's end.
 */
static bool reap(pid_t pid, int *ret_status)
{
	bool ended = false;
	pid_t reaped;
	int status;

	while ((reaped = waitpid(-1, &status, WNOHANG)) > 0 || (reaped < 0 && errno == EINTR))
		if (reaped == pid) {
			*ret_status =
				WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
			ended = true;
		}
	return ended;
}

/* SIGCHLD, SIGPIPE and SIGURG are for us; the signals of job control belong to the terminal. */
static bool is_forwarded(uint32_t signal)
{
	return signal != SIGCHLD && signal != SIGPIPE && signal != SIGURG && signal != SIGWINCH &&
	       signal != SIGTTIN && signal != SIGTTOU;
}

static bool handle_signals(int signal_fd, const struct monitored *process,
			   struct terminal *terminal, int *ret_status)
{
	struct signalfd_siginfo info;
	bool ended = false;

	while (read(signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			ended = reap(process->pid, ret_status) || ended;
		else if (info.ssi_signo == SIGWINCH)
			terminal_copy_window(terminal->console);
		else if (is_forwarded(info.ssi_signo))
			pidfd_signal(process->pidfd, (int)info.ssi_signo);
	}
	return ended;
}

enum {
	POLL_SIGNALS,
	POLL_SLIRP,
	POLL_PORT,
	POLL_NOTIFY,
	POLL_TERMINAL,
	POLL_COUNT = POLL_TERMINAL + TERMINAL_POLL_FDS
};

int monitor_run(const struct monitored *process, const sigset_t *signals, int *ret_status,
		struct error *err)
{
	autoclose int signal_fd = signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK);
	struct terminal terminal;
	int slirp = process->slirp_pidfd, port = process->port_pidfd;
	int status = 0;
	bool ended;

	if (signal_fd < 0)
		return error_set(err, errno, "make a descriptor for signals");
	if (terminal_open(&terminal, process->console, err) < 0)
		return -1;
	/*
	 * The container may have ended before the descriptor existed: its SIGCHLD is pending and
	 * would be read later, so look now.
	 */
	ended = reap(process->pid, &status);
	while (!ended) {
		struct pollfd fds[POLL_COUNT] = {
			[POLL_SIGNALS] = { .fd = signal_fd, .events = POLLIN },
			[POLL_SLIRP] = { .fd = slirp, .events = POLLIN },
			[POLL_PORT] = { .fd = port, .events = POLLIN },
			[POLL_NOTIFY] = { .fd = process->notify.socket, .events = POLLIN },
		};

		terminal_poll_prepare(&terminal, fds + POLL_TERMINAL);
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			break;
		terminal_poll_done(&terminal, fds + POLL_TERMINAL);
		/* ORDER: before the end is noticed: it may be the program's last message. */
		if (fds[POLL_NOTIFY].revents)
			notify_pass_on(&process->notify);
		if (fds[POLL_SIGNALS].revents)
			ended = handle_signals(signal_fd, process, &terminal, &status);
		/*
		 * ORDER: after the container's end: the helpers end with the container, which is no
		 * loss.
		 */
		if (fds[POLL_SLIRP].revents || fds[POLL_PORT].revents)
			ended = ended || reap(process->pid, &status);
		if (!ended && fds[POLL_SLIRP].revents)
			log_warning(
				"the container has no network any more: its urun-slirp has ended");
		if (!ended && fds[POLL_PORT].revents)
			log_warning(
				"the container's ports aren't published any more: its urun-port has ended");
		slirp = fds[POLL_SLIRP].revents ? -1 : slirp;
		port = fds[POLL_PORT].revents ? -1 : port;
	}
	/* ORDER: the program's last output is shown before the user's terminal is given back. */
	terminal_drain(&terminal);
	terminal_close(&terminal);
	if (!ended)
		return error_set(err, errno, "wait for the container");
	*ret_status = status;
	return 0;
}
