/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_MONITOR_HANDOVER_H
#define URUN_MONITOR_HANDOVER_H

/*
 * What core/container/monitor_execute.c gives to urun-monitor by execve(2):
 *
 *   urun-monitor ID FILE_MAX NUMBER KILLS REPLACES [urun --root ROOT delete ID]
 *
 * ID is for people who read the list of processes.  FILE_MAX is the size of one file of the log in bytes, and
 * NUMBER is that of the last file (0: there is none).  KILLS is what MONITOR_FD_MEMORY_ABOVE said before the
 * program ran (0 also where nothing is known).  REPLACES is 1 where another urun-monitor was killed
 * (core/container/replace.h), whose place this one takes; else 0.  The words behind them are executed when everything else is
 * done, as the program behind MONITOR_FD_URUN.
 *
 * The descriptors have fixed numbers; one that isn't needed is /dev/null, and so are 0, 1 and 2.
 * All signals are blocked, the working directory is /, and the session is the monitor's own.
 */
#define MONITOR_PROGRAM "urun-monitor"

enum monitor_fd {
	MONITOR_FD_DIRECTORY = 3, /* of the program itself (libexec_executable()) */
	MONITOR_FD_STATE,	  /* the container's directory */
	MONITOR_FD_LOG,		  /* the log's directory */
	MONITOR_FD_LOCK,	  /* STATE_FILE_MONITOR, locked */
	MONITOR_FD_PIDFD, /* of the container's first process: the monitor's child, unless it replaces another */
	MONITOR_FD_STDOUT, /* to be read: a pipe, or the terminal's master */
	MONITOR_FD_STDERR, /* to be read */
	MONITOR_FD_TERMINAL, /* the other end of the terminal, so that reading its master doesn't end */
	MONITOR_FD_MEMORY, /* memory.events of the container's cgroup (core/monitor/memory_watch.h) */
	MONITOR_FD_MEMORY_ABOVE, /* of the cgroup above */
	MONITOR_FD_TIMER,	 /* a timerfd: at its end the first process is killed (--timeout) */
	MONITOR_FD_STAT, /* /proc/PID/stat of the first process, where that isn't the monitor's child */
	MONITOR_FD_URUN, /* the program that is executed at the end */
	MONITOR_FD_END,
};

enum monitor_argument {
	MONITOR_ARGUMENT_ID = 1,
	MONITOR_ARGUMENT_FILE_MAX,
	MONITOR_ARGUMENT_NUMBER,
	MONITOR_ARGUMENT_KILLS,
	MONITOR_ARGUMENT_REPLACES,
	MONITOR_ARGUMENT_LAST, /* the first of the words of the last program */
};

/* Files of the container's directory: the record of the program's end, and that file until it is whole. */
#define MONITOR_FILE_ENDED     "ended"
#define MONITOR_FILE_ENDED_NEW "ended.new"

#endif
