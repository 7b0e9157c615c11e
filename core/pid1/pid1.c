// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: process 1 of the container.
 *
 * Process 1 of a container (--init).  The kernel treats the first process of a pid namespace
 * specially: a signal for which the process has no handler is ignored, and all orphans become its
 * children.  Few programs expect either.  So this program is the first process, and the container's
 * program is its child: the program is ended by signals as anywhere, and orphans are reaped.
 *
 * core/init/pid1.c makes the program's process and then executes this file, from a sealed file in
 * memory.  The program's process executes the program as soon as this process runs.
 *
 *   signals      All are blocked, and taken by rt_sigtimedwait(2).  Each is passed on to the
 *                program's process group, or to the foreground group where the container has a
 *                terminal: to the group that the terminal would send the signal to.  This process is
 *                in a group of its own, so nobody receives a signal twice.
 *   job control  A program that its terminal stops is continued, since nobody else would do that: a
 *                shell in the container continues its own jobs.
 *   the end      This process ends with the program's status, and the kernel kills the rest of the
 *                pid namespace.  A process 1 can't end itself by a signal, so its last name tells
 *                the caller of a signal that ended the program.  Where `urun stop` has asked for the end (core/pid1/pid1.h), the rest
 *                is sent SIGTERM first, and has time to end.
 *
 * What this process may do.  It has the program's ids, capabilities and seccomp filter, and no
 * descriptor but the container's terminal.  A process of the container with the same ids may trace
 * it and make it do anything that the filter lets through.  That is no more than the tracer can do
 * itself, but for one thing: the tracer can end the container with any status, and nothing that this
 * process does for the caller (passing signals on, the time to end) can be relied on against the
 * container.  What the caller relies on is SIGKILL from outside, which nothing in the container can
 * stop.  In a pid namespace of its own, this process can't be killed from inside; in a joined one it
 * can, and the program ends then too (PR_SET_PDEATHSIG).
 * The file that it was executed from (/proc/1/exe) is the container's alone, and sealed.
 *
 * There is no C library (core/pid1/raw.h), no memory but the stack, and no call that a container's
 * filter could refuse: the parent has checked the filter for the calls below
 * (core/seccomp/seccomp_start.c).
 * Source: pid_namespaces(7), credentials(7), waitid(2), the kernel's drivers/tty/tty_jobctrl.c.
 */
#include <asm/ioctls.h>
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <linux/prctl.h>
#include <linux/wait.h>

#include "core/pid1/pid1.h"
#include "core/pid1/raw.h"

/* As the kernel reads and writes it in the calls below. */
struct moment {
	long seconds;
	long nanoseconds;
};

struct pid1 {
	int program;
	int self;
	int has_terminal;
	int is_alone;	  /* the pid namespace is the container's own */
	int is_stopping;  /* `urun stop` asked for the end */
	int is_paused;	  /* a signal that stops the program was passed on */
	int has_ended;	  /* the program has, with: */
	int status;	  /* as exit(2) takes it */
	int signal;	  /* that ended the program; 0: none */
	int can_be_named; /* by prctl(2) */
	int has_deadline; /* of is_stopping; 0: no end */
	struct moment deadline;
};

/* A set of all signals, in the kernel's size. */
static const unsigned long all_signals[8 / sizeof(long)] = {
	-1UL,
#if __SIZEOF_LONG__ == 4
	-1UL,
#endif
};

static int send(int pid, int signal)
{
	return (int)raw_call(__NR_kill, pid, signal, 0, 0, 0);
}

static int parse_argument(const char *text)
{
	int number = 0;

	while (*text >= '0' && *text <= '9')
		number = number * 10 + (*text++ - '0');
	return number;
}

static int has_trait(const char *traits, char trait)
{
	while (*traits && *traits != trait)
		traits++;
	return *traits == trait && trait;
}

/* ---- time ---- */

static struct moment now(void)
{
	struct moment moment = { 0, 0 };

	raw_call(__NR_clock_gettime, 1 /* CLOCK_MONOTONIC */, (long)&moment, 0, 0, 0);
	return moment;
}

/* Returns 0 at the deadline. */
static int time_left(const struct pid1 *pid1, struct moment *ret_left)
{
	struct moment left = now();

	left.seconds = pid1->deadline.seconds - left.seconds;
	left.nanoseconds = pid1->deadline.nanoseconds - left.nanoseconds;
	if (left.nanoseconds < 0) {
		left.nanoseconds += 1000000000;
		left.seconds--;
	}
	*ret_left = left;
	return left.seconds >= 0 && (left.seconds > 0 || left.nanoseconds > 0);
}

/* ---- whom a signal is for ---- */

/*
 * The group that has the terminal; 0: none, or this process's own, which would send the signal to
 * us again.
 */
static int foreground_group(const struct pid1 *pid1)
{
	int group = 0;

	if (!pid1->has_terminal || raw_call(__NR_ioctl, 0, TIOCGPGRP, (long)&group, 0, 0) < 0 ||
	    group <= 1 || group == pid1->self)
		return 0;
	return group;
}

static void set_foreground_group(const struct pid1 *pid1)
{
	int group = pid1->program;

	raw_call(__NR_ioctl, 0, TIOCSPGRP, (long)&group, 0, 0);
}

/* Where the program has left its group, the program alone is meant. */
static void send_program(const struct pid1 *pid1, int signal)
{
	if (send(-pid1->program, signal) < 0)
		send(pid1->program, signal);
}

/*
 * A hangup, and a request to stop, are for the program itself and for whoever has the terminal,
 * which the program may have given to another group: a shell to one of its jobs.
 */
static void send_groups(const struct pid1 *pid1, int signal, int is_for_both)
{
	int group = foreground_group(pid1);
	int is_of_others = group != 0 && group != pid1->program;

	if ((is_of_others && send(-group, signal) < 0) || !is_of_others || is_for_both)
		send_program(pid1, signal);
}

/* ---- signals ---- */

static int is_stop_signal(int signal)
{
	return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

static void begin_stopping(struct pid1 *pid1, int signal, unsigned int seconds)
{
	pid1->is_stopping = 1;
	pid1->has_deadline = seconds != PID1_REQUEST_FOREVER;
	pid1->deadline = now();
	pid1->deadline.seconds += (long)seconds;
	if (pid1->has_ended)
		return;
	send_groups(pid1, signal, 1);
	/* A stopped process takes the signal when it is continued. */
	send_groups(pid1, SIGCONT, 1);
	pid1->is_paused = 0;
}

/* Returns 1 where the signal carries a request, which has been met. */
static int meet_request(struct pid1 *pid1, const siginfo_t *info)
{
	unsigned int value = (unsigned int)info->si_int;
	int number = (int)(value & PID1_REQUEST_NUMBER);

	/* A sender outside of the pid namespace has no pid in it; others have one. */
	if (info->si_code != SI_QUEUE || info->si_pid != 0)
		return 0;
	switch (value & PID1_REQUEST_KIND) {
	case PID1_REQUEST_STOP:
		begin_stopping(pid1, info->si_signo, (unsigned int)number);
		return 1;
	case PID1_REQUEST_SEND:
		pid1->is_paused = is_stop_signal(number);
		send_groups(pid1, number, 0);
		return 1;
	default: return 0;
	}
}

/* A signal with a value goes to the program alone: kill(2) of a group would lose the value. */
static void pass_on(struct pid1 *pid1, siginfo_t *info)
{
	int signal = info->si_signo;

	if (meet_request(pid1, info) || signal == SIGCHLD)
		return;
	if (pid1->has_ended) {
		send(-1, signal);
		return;
	}
	if (is_stop_signal(signal) || signal == SIGCONT)
		pid1->is_paused = signal != SIGCONT;
	if (info->si_code == SI_QUEUE &&
	    raw_call(__NR_rt_sigqueueinfo, pid1->program, signal, (long)info, 0, 0) >= 0)
		return;
	send_groups(pid1, signal, signal == SIGHUP);
}

/* ---- processes ---- */

static void set_name(const char *name)
{
	raw_call(__NR_prctl, PR_SET_NAME, (long)name, 0, 0, 0);
}

static void tell_signal(int signal)
{
	char name[] = PID1_NAME_SIGNALED "00";
	char *digits = name + sizeof(PID1_NAME_SIGNALED) - 1;

	digits[0] = (char)('0' + signal / 10);
	digits[1] = (char)('0' + signal % 10);
	set_name(name);
}

static _Noreturn void end_with(const struct pid1 *pid1)
{
	if (pid1->signal && pid1->can_be_named)
		tell_signal(pid1->signal);
	for (;;)
		raw_call(__NR_exit_group, pid1->status, 0, 0, 0, 0);
}

/*
 * The program was stopped.  Where the terminal did it, nobody is there to continue the program: urun
 * has the user's terminal in raw mode, and the shell that started urun sees no Ctrl-Z.
 */
static void see_stop(const struct pid1 *pid1, int signal)
{
	if (pid1->is_paused || signal == SIGSTOP)
		return;
	if (signal != SIGTSTP)
		set_foreground_group(pid1);
	send_program(pid1, SIGCONT);
}

/*
 * Reaps all children that have ended.  One SIGCHLD may stand for many.  Returns 0 where there is no
 * child any more.
 */
static int reap_children(struct pid1 *pid1)
{
	int options = WEXITED | WNOHANG | (pid1->has_terminal ? WSTOPPED : 0);

	for (;;) {
		siginfo_t info;
		long failed;

		info.si_pid = 0;
		failed = raw_call(__NR_waitid, P_ALL, 0, (long)&info, options, 0);
		if (failed < 0 || info.si_pid == 0)
			return failed >= 0;
		if (info.si_pid != pid1->program)
			continue;
		if (info.si_code == CLD_STOPPED || info.si_code == CLD_TRAPPED) {
			see_stop(pid1, info.si_status);
			continue;
		}
		pid1->has_ended = 1;
		pid1->signal = info.si_code == CLD_EXITED ? 0 : info.si_status;
		pid1->status = pid1->signal ? 128 + pid1->signal : info.si_status;
	}
}

/*
 * The program has ended.  Without a request to stop, and where other processes than the container's
 * would be reached, so does this process.
 */
static void end_rest(const struct pid1 *pid1)
{
	if (!pid1->is_stopping || !pid1->is_alone)
		end_with(pid1);
	send(-1, SIGTERM);
	send(-1, SIGCONT);
}

/* The time of a request to stop is over.  Everything else ends with this process. */
static void end_by_force(struct pid1 *pid1)
{
	if (pid1->has_ended)
		end_with(pid1);
	pid1->is_stopping = pid1->has_deadline = 0;
	send_groups(pid1, SIGKILL, 1);
	send(pid1->program, SIGKILL);
}

/* Waits for the next signal, or for the deadline. */
static void await_signal(struct pid1 *pid1)
{
	struct moment left;
	const struct moment *limit = 0;
	siginfo_t info = { 0 };
	long got;

	if (pid1->has_deadline) {
		if (time_left(pid1, &left))
			limit = &left;
		else
			end_by_force(pid1);
	}
	got = raw_call(__NR_rt_sigtimedwait, (long)all_signals, (long)&info, (long)limit,
		       sizeof(all_signals), 0);
	if (got > 0)
		pass_on(pid1, &info);
}

/*
 * ps(1) and top(1) show the name alone: where the NUL of the last argument is overwritten, the kernel
 * shows the first one in place of all.
 * Source: the kernel's fs/proc/base.c, get_mm_proctitle().
 */
static void hide_arguments(char **argv)
{
	char *end = argv[PID1_ARGUMENT_COUNT - 1];

	while (*end)
		end++;
	*end = ' ';
}

int raw_main(char **argv)
{
	struct pid1 pid1 = {
		.program = parse_argument(argv[PID1_ARGUMENT_PROGRAM]),
		.self = parse_argument(argv[PID1_ARGUMENT_SELF]),
		.has_terminal = has_trait(argv[PID1_ARGUMENT_TRAITS], PID1_TRAIT_TERMINAL),
		.is_alone = has_trait(argv[PID1_ARGUMENT_TRAITS], PID1_TRAIT_ALONE),
		.can_be_named = has_trait(argv[PID1_ARGUMENT_TRAITS], PID1_TRAIT_NAMED),
	};

	hide_arguments(argv);
	if (pid1.can_be_named)
		set_name(PID1_NAME);
	for (;;) {
		int had_ended = pid1.has_ended;
		int has_children = reap_children(&pid1);

		if (pid1.has_ended && !had_ended)
			end_rest(&pid1);
		if (pid1.has_ended && !has_children)
			end_with(&pid1);
		await_signal(&pid1);
	}
}

RAW_ENTRY
