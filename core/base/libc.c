// SPDX-License-Identifier: Apache-2.0
#include "core/base/libc.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/str.h"

#ifndef HAVE_STRUCT_STATX_STX_MNT_ID
int statx(int dir, const char *path, int flags, unsigned int mask, struct statx *ret_status)
{
	return (int)syscall(SYS_statx, dir, path, flags, mask, ret_status);
}
#endif

#if !HAVE_DECL_OPEN_TREE
int open_tree(int dir, const char *path, unsigned int flags)
{
	return (int)syscall(SYS_open_tree, dir, path, flags);
}

int move_mount(int from_dir, const char *from, int to_dir, const char *to, unsigned int flags)
{
	return (int)syscall(SYS_move_mount, from_dir, from, to_dir, to, flags);
}

int fsopen(const char *type, unsigned int flags)
{
	return (int)syscall(SYS_fsopen, type, flags);
}

int fspick(int dir, const char *path, unsigned int flags)
{
	return (int)syscall(SYS_fspick, dir, path, flags);
}

int fsconfig(int context, unsigned int command, const char *key, const void *value, int number)
{
	return (int)syscall(SYS_fsconfig, context, command, key, value, number);
}

int fsmount(int context, unsigned int flags, unsigned int attributes)
{
	return (int)syscall(SYS_fsmount, context, flags, attributes);
}

int mount_setattr(int dir, const char *path, unsigned int flags, struct mount_attr *attributes,
		  size_t size)
{
	return (int)syscall(SYS_mount_setattr, dir, path, flags, attributes, size);
}
#endif

#if !HAVE_DECL_CLOSE_RANGE
int close_range(unsigned int first, unsigned int last, int flags)
{
	return (int)syscall(SYS_close_range, first, last, flags);
}
#endif

#if !HAVE_DECL_EXECVEAT
int execveat(int dir, const char *path, char *const argv[], char *const envp[], int flags)
{
	return (int)syscall(SYS_execveat, dir, path, argv, envp, flags);
}
#endif

#if !HAVE_DECL_RENAMEAT2
int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned int flags)
{
	return (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
}
#endif

#if !HAVE_DECL_SIGABBREV_NP
/* Source: signal(7). */
const char *sigabbrev_np(int signal)
{
	static const char *const names[] = {
		[SIGHUP] = "HUP",	[SIGINT] = "INT",	[SIGQUIT] = "QUIT",
		[SIGILL] = "ILL",	[SIGTRAP] = "TRAP",	[SIGABRT] = "ABRT",
		[SIGBUS] = "BUS",	[SIGFPE] = "FPE",	[SIGKILL] = "KILL",
		[SIGUSR1] = "USR1",	[SIGSEGV] = "SEGV",	[SIGUSR2] = "USR2",
		[SIGPIPE] = "PIPE",	[SIGALRM] = "ALRM",	[SIGTERM] = "TERM",
		[SIGSTKFLT] = "STKFLT", [SIGCHLD] = "CHLD",	[SIGCONT] = "CONT",
		[SIGSTOP] = "STOP",	[SIGTSTP] = "TSTP",	[SIGTTIN] = "TTIN",
		[SIGTTOU] = "TTOU",	[SIGURG] = "URG",	[SIGXCPU] = "XCPU",
		[SIGXFSZ] = "XFSZ",	[SIGVTALRM] = "VTALRM", [SIGPROF] = "PROF",
		[SIGWINCH] = "WINCH",	[SIGPOLL] = "POLL",	[SIGPWR] = "PWR",
		[SIGSYS] = "SYS",
	};

	return signal >= 0 && (size_t)signal < ARRAY_SIZE(names) ? names[signal] : NULL;
}
#endif

#if !HAVE_DECL_MALLOPT
int mallopt(int setting, int value)
{
	(void)setting;
	(void)value;
	return 0;
}

int malloc_trim(size_t keep)
{
	(void)keep;
	return 0;
}
#endif
