// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-bypass.
#include "netns/bypass/caller.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/base/directory.h"
#include "core/base/fd.h"
#include "core/base/str.h"

/* pidfd_open(2): a descriptor of a thread, since Linux 6.9. */
#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

/* An epoll set has a line of 80 bytes for each of its descriptors. */
#define FDINFO_SIZE_MAX (4u << 20)

int caller_read(pid_t thread, uint64_t address, void *ret_bytes, size_t size)
{
	struct iovec to = { ret_bytes, size };
	struct iovec from = { (void *)(uintptr_t)address, size };
	ssize_t got = process_vm_readv(thread, &to, 1, &from, 1, 0);

	if (got < 0)
		return -errno;
	return (size_t)got == size ? 0 : -EFAULT;
}

/* The process of a thread, for kernels before 6.9, which have no descriptor of a thread. */
static pid_t process_of(int proc, pid_t thread)
{
	char path[32], text[4096];
	autoclose int fd = -1;
	const char *line;
	ssize_t got;

	snprintf(path, sizeof(path), "%d/status", (int)thread);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (got < 0)
		return -errno;
	text[got] = '\0';
	line = strstr(text, "\nTgid:");
	return line ? (pid_t)strtol(line + strlen("\nTgid:"), NULL, 10) : -ESRCH;
}

void caller_forget(struct caller *caller)
{
	fd_close(&caller->pidfd);
	fd_close(&caller->descriptors);
	fd_close(&caller->fdinfo);
	caller->thread = 0;
}

static int open_directory_of(const struct caller *caller, pid_t thread, const char *name)
{
	char path[32];

	snprintf(path, sizeof(path), "%d/%s", (int)thread, name);
	return openat(caller->proc, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/*
 * ORDER: the descriptor of the thread comes first.  Where the thread ends meanwhile, and another one has its number, then
 * only the directories are the other one's: the descriptor is useless, and the other one's next call opens all anew.
 */
static int open_thread(struct caller *caller, pid_t thread)
{
	caller->pidfd = (int)syscall(SYS_pidfd_open, thread, PIDFD_THREAD);
	caller->is_process = caller->pidfd < 0 && errno == EINVAL;
	if (caller->is_process) {
		pid_t process = process_of(caller->proc, thread);

		if (process <= 0)
			return process < 0 ? process : -ESRCH;
		caller->pidfd = (int)syscall(SYS_pidfd_open, process, 0);
	}
	if (caller->pidfd < 0)
		return -errno;
	caller->descriptors = open_directory_of(caller, thread, "fd");
	caller->fdinfo = open_directory_of(caller, thread, "fdinfo");
	if (caller->descriptors < 0 || caller->fdinfo < 0)
		return -errno;
	caller->thread = thread;
	return 0;
}

/* A number says nothing of a process that may have another thread of that number by now: it is opened each time. */
static int look_at_thread(struct caller *caller, pid_t thread)
{
	int failed;

	if (caller->thread == thread && !caller->is_process)
		return 0;
	caller_forget(caller);
	failed = open_thread(caller, thread);
	if (failed < 0)
		caller_forget(caller);
	return failed;
}

static int duplicate(struct caller *caller, pid_t thread, int fd)
{
	int failed = look_at_thread(caller, thread), taken;

	if (failed < 0)
		return failed;
	taken = (int)syscall(SYS_pidfd_getfd, caller->pidfd, fd, 0);
	return taken < 0 ? -errno : taken;
}

int caller_duplicate(struct caller *caller, pid_t thread, int fd)
{
	bool is_known = caller->thread == thread;
	int taken = duplicate(caller, thread, fd);

	if (taken != -ESRCH || !is_known)
		return taken;
	/* The thread that called last has ended, and another one has its number. */
	caller_forget(caller);
	return duplicate(caller, thread, fd);
}

/* Opens PID/fdinfo/FD of the thread. */
static int open_fdinfo(const struct caller *caller, int fd)
{
	char name[16];

	snprintf(name, sizeof(name), "%d", fd);
	return openat(caller->fdinfo, name, O_RDONLY | O_CLOEXEC);
}

bool caller_is_cloexec(const struct caller *caller, int fd)
{
	autoclose int file = open_fdinfo(caller, fd);
	char text[512];
	const char *flags;
	ssize_t got;

	got = file < 0 ? -1 : read(file, text, sizeof(text) - 1);
	if (got < 0)
		return false;
	text[got] = '\0';
	flags = strstr(text, "flags:");
	return flags && strtoul(flags + strlen("flags:"), NULL, 8) & O_CLOEXEC;
}

/* Compares the descriptor @ours of the process @own, us, with one of the thread's.  Returns kcmp(2)'s result or a negative errno. */
static int compare(pid_t own, pid_t thread, int type, int ours, unsigned long theirs)
{
	long result = syscall(SYS_kcmp, own, thread, type, (unsigned long)ours, theirs);

	return result < 0 ? -errno : (int)result;
}

bool caller_watches(const char *text, uint64_t inode)
{
	const char *line = text, *end;

	for (; *line; line = *end ? end + 1 : end) {
		const char *number;

		end = line + strcspn(line, "\n");
		if (strncmp(line, "tfd:", 4) == 0 &&
		    (number = memmem(line, (size_t)(end - line), " ino:", 5)) &&
		    strtoull(number + 5, NULL, 16) == inode)
			return true;
	}
	return false;
}

/*
 * Is our socket in the epoll set @set of the thread, if that is one?  kcmp(2) knows the sockets of a set by the numbers
 * that they had when they were added; only for a set without ours all of them are read.
 */
static bool watches(const struct caller *caller, pid_t own, int set, int ours, int fd)
{
	const struct kcmp_epoll_slot slot = { .efd = (uint32_t)set, .tfd = (uint32_t)fd };
	int compared =
		compare(own, caller->thread, KCMP_EPOLL_TFD, ours, (unsigned long)(uintptr_t)&slot);
	autofree char *text = NULL;
	autoclose int file = -1;
	struct stat status;
	size_t size;

	/* EINVAL: it is no epoll set. */
	if (compared == 0 || compared == -EINVAL)
		return compared == 0;
	file = open_fdinfo(caller, set);
	return file >= 0 && fstat(ours, &status) == 0 &&
	       fd_read_all(file, FDINFO_SIZE_MAX, &text, &size) == 0 && text &&
	       caller_watches(text, status.st_ino);
}

/*
 * How many descriptors the process has: the size of the directory since Linux 6.2, or its entries, for which the
 * kernel takes much more time.
 */
static int count_descriptors(const struct caller *caller)
{
	struct stat status;
	autodir DIR *stream = NULL;
	autoclose int directory = -1;
	int count = 0;

	if (fstat(caller->descriptors, &status) < 0)
		return -errno;
	if (status.st_size > 0)
		return status.st_size < INT_MAX ? (int)status.st_size : INT_MAX;
	directory = openat(caller->descriptors, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	stream = directory < 0 ? NULL : directory_stream(directory);
	if (!stream)
		return -errno;
	while (count <= CALLER_DESCRIPTORS_MAX && directory_next(stream))
		count++;
	return count;
}

/* Another thread may have closed one that was counted: then the last one would be sought in vain. */
#define RECOUNT_AFTER 32

/* By kcmp(2), since /proc/PID/fd costs 20 times as much for each descriptor. */
int caller_holds_alone(const struct caller *caller, int fd, int ours)
{
	int left = count_descriptors(caller), seen = 0, missing = 0;
	const pid_t own = getpid();
	bool found = false;

	if (left < 0 || left > CALLER_DESCRIPTORS_MAX)
		return left < 0 ? left : 0;
	for (int number = 0; left > 0; number++) {
		int compared = compare(own, caller->thread, KCMP_FILE, ours, (unsigned long)number);

		if (number > CALLER_NUMBER_MAX)
			return 0;
		if (compared == -EBADF && ++missing % RECOUNT_AFTER == 0)
			left = count_descriptors(caller) - seen;
		if (compared == -EBADF)
			continue;
		if (compared < 0)
			return compared;
		seen++;
		left--;
		if (number == fd && compared == 0)
			found = true;
		else if (compared == 0 || watches(caller, own, number, ours, fd))
			return 0;
	}
	return found ? 1 : -EBADF;
}

int caller_check_kernel(void)
{
	int compared = compare(getpid(), getpid(), KCMP_VM, 0, 0);

	return compared < 0 ? compared : 0;
}
