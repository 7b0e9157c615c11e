// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/container/monitor.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/fd.h"
#include "core/base/give_back.h"
#include "core/base/log.h"
#include "core/base/pidfd.h"
#include "core/base/str.h"
#include "core/container/terminal.h"
#include "core/monitor/ended_text.h"

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

/* A child that has ended and isn't reaped; false: there is none. */
static bool next_ended(siginfo_t *ret_info)
{
	*ret_info = (siginfo_t){ 0 };
	while (waitid(P_ALL, 0, ret_info, WEXITED | WNOHANG | WNOWAIT) < 0)
		if (errno != EINTR)
			return false;
	return ret_info->si_pid > 0;
}

/* What monitor_run() remembers. */
struct monitoring {
	struct terminal terminal;
	int64_t interrupted; /* when the last Ctrl-C came, by clock_ms(); 0: never */
	int64_t deadline;    /* of the container's life; 0: none */
	struct memory_watch memory;
};

/*
 * Reaps our children: the container, and orphans that it leaves to us where it has no pid
 * namespace.  Returns true at the container's end.
 */
static bool reap(const struct monitored *process, struct monitoring *monitoring, int *ret_status)
{
	bool ended = false;
	siginfo_t info;
	int status, signal = 0;

	while (next_ended(&info)) {
		pid_t reaped = info.si_pid;

		/* ORDER: while the process still has a name. */
		if (reaped == process->pid && process->has_pid1 && info.si_code == CLD_EXITED)
			signal = ended_signal_told(reaped, info.si_status);
		if (reaped == process->pid)
			memory_watch_look(&monitoring->memory);
		if (waitpid(reaped, &status, 0) != process->pid)
			continue;
		*ret_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
		if (process->ended)
			ended_make(status, monitoring->memory.killed, process->ended);
		if (process->ended && signal)
			process->ended->signal = (struct opt_u64){ true, (uint64_t)signal };
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

/* ---- job control ---- */

/*
 * The first process of a pid namespace, and the process of `exec`, whose process group has no
 * parent in its session, aren't stopped by SIGTSTP, unless they have a handler that does it.
 */
static void stop_process(const struct monitored *process)
{
	struct process_signals signals = { 0 };

	pidfd_signal(process->pidfd, SIGTSTP);
	if (!process->has_pid1 && process_read_signals(process->pid, &signals) == 0 &&
	    !(signals.caught & UINT64_C(1) << (SIGTSTP - 1)))
		pidfd_signal(process->pidfd, SIGSTOP);
}

static void suspend(const struct monitored *process, struct terminal *terminal)
{
	sigset_t pending;

	stop_process(process);
	terminal_close(terminal);
	terminal_stop_by(SIGTSTP);
	terminal_resume(terminal);
	/* The SIGCONT that has continued us is passed on like others; else the process needs one. */
	if (sigpending(&pending) < 0 || sigismember(&pending, SIGCONT) != 1)
		pidfd_signal(process->pidfd, SIGCONT);
}

/* ---- signals ---- */

#define SECOND_INTERRUPT_MS 1000

/*
 * Counts what the terminal has sent (SI_KERNEL): a program between the terminal and us may send us
 * each Ctrl-C once more.
 */
static bool is_second_interrupt(const struct signalfd_siginfo *info, struct monitoring *monitoring)
{
	int64_t before = monitoring->interrupted;

	if (info->ssi_signo != SIGINT || info->ssi_code != SI_KERNEL)
		return false;
	monitoring->interrupted = clock_ms();
	return before != 0 && monitoring->interrupted - before <= SECOND_INTERRUPT_MS;
}

static void forward_signal(const struct signalfd_siginfo *info, const struct monitored *process,
			   struct monitoring *monitoring)
{
	int signal = (int)info->ssi_signo;

	if (signal == SIGTSTP)
		suspend(process, &monitoring->terminal);
	else if (process->second_interrupt_kills && is_second_interrupt(info, monitoring))
		pidfd_signal(process->pidfd, SIGKILL);
	else if (info->ssi_code == SI_QUEUE)
		pidfd_queue_signal(process->pidfd, signal, (uint32_t)info->ssi_int);
	else
		pidfd_signal(process->pidfd, signal);
}

static bool handle_signals(int signal_fd, const struct monitored *process,
			   struct monitoring *monitoring, int *ret_status)
{
	struct signalfd_siginfo info;
	bool ended = false;

	while (read(signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			ended = reap(process, monitoring, ret_status) || ended;
		else if (info.ssi_signo == SIGWINCH)
			terminal_copy_window(monitoring->terminal.console);
		else if (is_forwarded(info.ssi_signo))
			forward_signal(&info, process, monitoring);
	}
	return ended;
}

enum {
	POLL_SIGNALS,
	POLL_SLIRP,
	POLL_PORT,
	POLL_NOTIFY,
	POLL_MEMORY,
	POLL_TERMINAL,
	POLL_COUNT = POLL_TERMINAL + TERMINAL_POLL_FDS
};

/*
 * Starts that end soon don't pay for it, and a terminal that is in use keeps what it uses; a container that
 * runs for days has a parent that occupies little.
 */
#define IDLE_MS 500

/* Waits for one of the descriptors.  Returns poll(2)'s result. */
static int wait_idle(struct pollfd fds[static POLL_COUNT], int64_t deadline)
{
	int timeout = deadline ? clock_until(deadline) : -1;
	int ready = poll(fds, POLL_COUNT, clock_sooner(timeout, IDLE_MS));

	if (ready != 0 || (timeout >= 0 && timeout <= IDLE_MS))
		return ready;
	return give_back_and_poll(fds, POLL_COUNT, deadline ? clock_until(deadline) : -1);
}

static void end_life(const struct monitored *process, struct monitoring *monitoring)
{
	if (!monitoring->deadline || clock_ms() < monitoring->deadline)
		return;
	log_info("the container is killed: its time is over (%u s)", process->lifetime_seconds);
	pidfd_signal(process->pidfd, SIGKILL);
	monitoring->deadline = 0;
}

int monitor_run(const struct monitored *process, const sigset_t *signals, int *ret_status,
		struct error *err)
{
	autoclose int signal_fd = signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK);
	struct monitoring monitoring = { .memory = process->memory };
	struct terminal *terminal = &monitoring.terminal;
	int slirp = process->slirp_pidfd, port = process->port_pidfd;
	int status = 0;
	bool ended;

	if (signal_fd < 0)
		return error_set(err, errno, "make a descriptor for signals");
	if (terminal_open(terminal, process->console, err) < 0)
		return -1;
	if (process->lifetime_seconds)
		monitoring.deadline = clock_ms() + (int64_t)process->lifetime_seconds * 1000;
	/*
	 * The container may have ended before the descriptor existed: its SIGCHLD is pending and
	 * would be read later, so look now.
	 */
	ended = reap(process, &monitoring, &status);
	while (!ended) {
		struct pollfd fds[POLL_COUNT] = {
			[POLL_SIGNALS] = { .fd = signal_fd, .events = POLLIN },
			[POLL_SLIRP] = { .fd = slirp, .events = POLLIN },
			[POLL_PORT] = { .fd = port, .events = POLLIN },
			[POLL_NOTIFY] = { .fd = process->notify.socket, .events = POLLIN },
			[POLL_MEMORY] = { .fd = monitoring.memory.own, .events = POLLPRI },
		};

		terminal_poll_prepare(terminal, fds + POLL_TERMINAL);
		if (wait_idle(fds, monitoring.deadline) < 0 && errno != EINTR)
			break;
		terminal_poll_done(terminal, fds + POLL_TERMINAL);
		end_life(process, &monitoring);
		if (fds[POLL_MEMORY].revents)
			memory_watch_look(&monitoring.memory);
		/* ORDER: before the end is noticed: it may be the program's last message. */
		if (fds[POLL_NOTIFY].revents)
			notify_pass_on(&process->notify);
		if (fds[POLL_SIGNALS].revents)
			ended = handle_signals(signal_fd, process, &monitoring, &status);
		/*
		 * ORDER: after the container's end: the helpers end with the container, which is no
		 * loss.
		 */
		if (fds[POLL_SLIRP].revents || fds[POLL_PORT].revents)
			ended = ended || reap(process, &monitoring, &status);
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
	terminal_drain(terminal);
	terminal_close(terminal);
	if (!ended)
		return error_set(err, errno, "wait for the container");
	*ret_status = status;
	return 0;
}
