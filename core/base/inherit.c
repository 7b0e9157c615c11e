// SPDX-License-Identifier: Apache-2.0
#include "core/base/inherit.h"

#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Global, since the dispositions of signals belong to the process. */
static sigset_t ignored_on_entry;

static void ignore(int signal)
{
	const struct sigaction action = { .sa_handler = SIG_IGN };

	sigaction(signal, &action, NULL);
}

static void unblock_all(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

void inherit_begin(void)
{
	const struct sigaction standard = { .sa_handler = SIG_DFL };
	struct sigaction now;

	sigemptyset(&ignored_on_entry);
	/*
	 * The C library refuses the two signals that it keeps for itself.  A process that
	 * posix_spawn(3) started has these two ignored, which says nothing about the caller's wish.
	 */
	for (int signal = 1; signal < NSIG; signal++)
		if (sigaction(signal, NULL, &now) == 0 && now.sa_handler == SIG_IGN)
			sigaddset(&ignored_on_entry, signal);
	sigdelset(&ignored_on_entry, SIGCHLD);
	sigaction(SIGCHLD, &standard, NULL);
	ignore(SIGPIPE);
	ignore(SIGXFSZ);
	unblock_all();
	umask(umask(S_IRWXG | S_IRWXO) & (S_IRWXG | S_IRWXO));
}

void inherit_restore_signals(void)
{
	/*
	 * The kernel's struct sigaction, whatever the order of its fields on this architecture:
	 * SIG_DFL, no flags and an empty mask.  The system call is used since sigaction(3) refuses
	 * the two signals that the C library keeps for itself.
	 */
	static const unsigned long standard[8];

	for (int signal = 1; signal < NSIG; signal++)
		if (sigismember(&ignored_on_entry, signal) == 1)
			ignore(signal);
		else
			syscall(SYS_rt_sigaction, signal, standard, NULL,
				(size_t)(NSIG - 1) / CHAR_BIT);
	unblock_all();
}

void inherit_forget_ignored(int signal)
{
	sigdelset(&ignored_on_entry, signal);
}

void inherit_end_by_sigpipe(void)
{
	const struct sigaction standard = { .sa_handler = SIG_DFL };

	if (sigismember(&ignored_on_entry, SIGPIPE) == 1)
		return;
	sigaction(SIGPIPE, &standard, NULL);
	raise(SIGPIPE);
}
