// SPDX-License-Identifier: Apache-2.0
#include "core/base/inherit.h"

#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/signal.h"
#include "core/base/str.h"

/*
 * The signals whose disposition inherit_begin() changes for our own writes.  All others keep the caller's:
 * execve(2) leaves an ignored signal ignored, and gives one with a handler of ours its default.
 */
static const int changed[] = { SIGPIPE, SIGXFSZ };
/* Those of @changed that the caller ignores.  Global, since dispositions belong to the process. */
static bool ignored_on_entry[ARRAY_SIZE(changed)];

static void unblock_all(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

void inherit_begin(void)
{
	const struct sigaction standard = { .sa_handler = SIG_DFL };
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction before;

	sigaction(SIGCHLD, &standard, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(changed); i++)
		ignored_on_entry[i] = sigaction(changed[i], &ignore, &before) == 0 &&
				      before.sa_handler == SIG_IGN;
	unblock_all();
	umask(umask(S_IRWXG | S_IRWXO) & (S_IRWXG | S_IRWXO));
}

/*
 * The two or three signals that the C library keeps for itself, and which sigaction(3) therefore refuses.  A process
 * that posix_spawn(3) started has these ignored, which says nothing about the caller's wish.
 * The system call gets the kernel's struct sigaction, whatever the order of its fields on this architecture:
 * SIG_DFL, no flags and an empty mask.
 */
static void reset_those_of_the_library(void)
{
	static const unsigned long standard[8];

	for (int signal = SIGNAL_REALTIME_KERNEL; signal < SIGRTMIN; signal++)
		syscall(SYS_rt_sigaction, signal, standard, NULL, (size_t)(NSIG - 1) / CHAR_BIT);
}

void inherit_restore_signals(void)
{
	const struct sigaction standard = { .sa_handler = SIG_DFL };

	for (size_t i = 0; i < ARRAY_SIZE(changed); i++)
		if (!ignored_on_entry[i])
			sigaction(changed[i], &standard, NULL);
	reset_those_of_the_library();
	unblock_all();
}

void inherit_forget_ignored(int signal)
{
	for (size_t i = 0; i < ARRAY_SIZE(changed); i++)
		if (changed[i] == signal)
			ignored_on_entry[i] = false;
}

void inherit_end_by_sigpipe(void)
{
	const struct sigaction standard = { .sa_handler = SIG_DFL };

	for (size_t i = 0; i < ARRAY_SIZE(changed); i++)
		if (changed[i] == SIGPIPE && ignored_on_entry[i])
			return;
	sigaction(SIGPIPE, &standard, NULL);
	raise(SIGPIPE);
}
