// SPDX-License-Identifier: Apache-2.0
#include "core/base/pidfd.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/base/exit_info.h"
#include "core/base/fd.h"
#include "core/base/str.h"

#define STAT_SIZE_MAX	4096
#define FDINFO_SIZE_MAX 4096

/* PID_FS_MAGIC of linux/magic.h; older headers don't have it. */
#define PIDFS_MAGIC 0x50494446

/* PF_EXITING of the kernel. */
#define PROCESS_IS_EXITING 0x4

int pidfd_open_process(pid_t pid)
{
	long fd = syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : (int)fd;
}

int pidfd_signal(int pidfd, int signal)
{
	return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0 ? -errno : 0;
}

int pidfd_queue_signal(int pidfd, int signal, uint32_t value)
{
	siginfo_t info = { .si_signo = signal, .si_code = SI_QUEUE };

	info.si_uid = getuid();
	info.si_value.sival_int = (int)value;
	return syscall(SYS_pidfd_send_signal, pidfd, signal, &info, 0) < 0 ? -errno : 0;
}

pid_t pidfd_pid(int pidfd)
{
	autofree char *path = str_format("/proc/self/fdinfo/%d", pidfd);
	autofree char *text = NULL;
	const char *line;
	size_t size;
	int pid;
	int failed = fd_read_file(path, FDINFO_SIZE_MAX, &text, &size);

	if (failed < 0)
		return failed;
	line = strstr(text, "\nPid:");
	/* 0: the process isn't in our pid namespace; -1: it has ended. */
	return line && sscanf(line, "\nPid: %d", &pid) == 1 && pid > 0 ? pid : -ESRCH;
}

/*
 * @text is "PID (COMM) STATE PPID …".  The process chooses COMM, which may have ')' and blanks; the
 * fields behind it are one letter and numbers, so the last ')' ends COMM.
 */
static int parse_stat(const char *text, struct process_stat *ret_stat)
{
	const char *rest = strrchr(text, ')');
	const char *name = strchr(text, '(');
	struct process_stat stat;
	uint64_t flags, user, system;

	/* Fields 3, 9, 14, 15, 22 and 24. */
	if (!rest || !name ||
	    sscanf(rest,
		   ") %c %*d %*d %*d %*d %*d %" SCNu64 " %*u %*u %*u %*u %" SCNu64 " %" SCNu64
		   " %*d %*d %*d %*d %*d %*d %" SCNu64 " %*u %" SCNu64,
		   &stat.state, &flags, &user, &system, &stat.start_time, &stat.pages) != 6)
		return -EINVAL;
	/*
	 * A killed first process of a pid namespace is no zombie until all processes of the
	 * namespace are reaped, which other processes have to do.
	 */
	if ((flags & PROCESS_IS_EXITING) && stat.state != 'Z')
		stat.state = 'X';
	stat.cpu_ticks = user + system;
	snprintf(stat.name, sizeof(stat.name), "%.*s", (int)(rest - name - 1), name + 1);
	*ret_stat = stat;
	return 0;
}

/* The text of a file of /proc/PID, which the caller frees. */
static int read_proc_file(pid_t pid, const char *name, size_t max, char **ret_text)
{
	char path[64];
	size_t size;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return fd_read_file(path, max, ret_text, &size);
}

int process_read_stat(pid_t pid, struct process_stat *ret_stat)
{
	autofree char *text = NULL;
	int result = read_proc_file(pid, "stat", STAT_SIZE_MAX, &text);

	if (result < 0)
		return result == -ENOENT ? -ESRCH : result;
	return parse_stat(text, ret_stat);
}

#define STATUS_SIZE_MAX 65536

int process_read_signals(pid_t pid, struct process_signals *ret_signals)
{
	autofree char *text = NULL;
	struct process_signals signals;
	const char *blocked, *caught;
	int failed = read_proc_file(pid, "status", STATUS_SIZE_MAX, &text);

	if (failed < 0)
		return failed;
	blocked = strstr(text, "\nSigBlk:");
	caught = strstr(text, "\nSigCgt:");
	if (!blocked || !caught || sscanf(blocked, "\nSigBlk: %" SCNx64, &signals.blocked) != 1 ||
	    sscanf(caught, "\nSigCgt: %" SCNx64, &signals.caught) != 1)
		return -EINVAL;
	*ret_signals = signals;
	return 0;
}

int pidfd_start_time(pid_t pid, uint64_t *ret_start_time, char *ret_state)
{
	struct process_stat stat;
	int result = process_read_stat(pid, &stat);

	if (result < 0)
		return result;
	*ret_start_time = stat.start_time;
	*ret_state = stat.state;
	return 0;
}

bool process_may_be_hidden(int result)
{
	return result == -ESRCH || result == -EPERM || result == -EACCES;
}

uint64_t pidfd_inode(int pidfd)
{
	struct statfs fs;
	struct stat st;

	/* Before Linux 6.9, all pidfds have one anonymous inode. */
	if (fstatfs(pidfd, &fs) < 0 || fs.f_type != PIDFS_MAGIC || fstat(pidfd, &st) < 0)
		return 0;
	return st.st_ino;
}

static bool has_ended(int pidfd)
{
	struct pollfd event = { .fd = pidfd, .events = POLLIN };

	return poll(&event, 1, 0) > 0;
}

int pidfd_open_same(pid_t pid, uint64_t start_time, uint64_t inode)
{
	autoclose int fd = pidfd_open_process(pid);
	bool same_inode = inode != 0 && fd >= 0 && pidfd_inode(fd) == inode;
	uint64_t found = 0;
	char state = '\0';
	int result;

	if (fd < 0)
		return fd;
	if (inode != 0 && !same_inode)
		return -ESRCH;
	result = pidfd_start_time(pid, &found, &state);
	/* /proc hides the process, or it has ended. */
	if (process_may_be_hidden(result) && same_inode && !has_ended(fd))
		return take_fd(&fd);
	if (result < 0)
		return result;
	if ((start_time != 0 ? found != start_time : !same_inode) || state == 'Z' || state == 'X')
		return -ESRCH;
	return take_fd(&fd);
}

int pidfd_exit_status(int pidfd, int *ret_wait_status)
{
	struct exit_info info = { .mask = EXIT_INFO_MASK };

	if (ioctl(pidfd, EXIT_INFO_GET, &info) < 0)
		return -errno;
	if (!(info.mask & EXIT_INFO_MASK))
		return -ESRCH;
	*ret_wait_status = info.exit_code;
	return 0;
}
