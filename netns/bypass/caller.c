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

int caller_duplicate(int proc, pid_t thread, int fd)
{
	autoclose int pidfd = (int)syscall(SYS_pidfd_open, thread, PIDFD_THREAD);
	int taken;

	if (pidfd < 0 && errno == EINVAL) {
		pid_t process = process_of(proc, thread);

		if (process <= 0)
			return process < 0 ? process : -ESRCH;
		pidfd = (int)syscall(SYS_pidfd_open, process, 0);
	}
	if (pidfd < 0)
		return -errno;
	taken = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	return taken < 0 ? -errno : taken;
}

/* Opens PID/fdinfo/FD of the thread. */
static int open_fdinfo(int proc, pid_t thread, int fd)
{
	char path[48];

	snprintf(path, sizeof(path), "%d/fdinfo/%d", (int)thread, fd);
	return openat(proc, path, O_RDONLY | O_CLOEXEC);
}

bool caller_is_cloexec(int proc, pid_t thread, int fd)
{
	autoclose int file = open_fdinfo(proc, thread, fd);
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
static bool watches(int proc, pid_t own, pid_t thread, int set, int ours, int fd)
{
	const struct kcmp_epoll_slot slot = { .efd = (uint32_t)set, .tfd = (uint32_t)fd };
	int compared = compare(own, thread, KCMP_EPOLL_TFD, ours, (unsigned long)(uintptr_t)&slot);
	autofree char *text = NULL;
	autoclose int file = -1;
	struct stat status;
	size_t size;

	/* EINVAL: it is no epoll set. */
	if (compared == 0 || compared == -EINVAL)
		return compared == 0;
	file = open_fdinfo(proc, thread, set);
	return file >= 0 && fstat(ours, &status) == 0 &&
	       fd_read_all(file, FDINFO_SIZE_MAX, &text, &size) == 0 && text &&
	       caller_watches(text, status.st_ino);
}

/*
 * How many descriptors the process has: the size of the directory since Linux 6.2, or its entries, for which the
 * kernel takes much more time.
 */
static int count_descriptors(int proc, pid_t thread)
{
	char path[32];
	struct stat status;
	autodir DIR *stream = NULL;
	autoclose int directory = -1;
	int count = 0;

	snprintf(path, sizeof(path), "%d/fd", (int)thread);
	if (fstatat(proc, path, &status, 0) < 0)
		return -errno;
	if (status.st_size > 0)
		return status.st_size < INT_MAX ? (int)status.st_size : INT_MAX;
	directory = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	stream = directory < 0 ? NULL : directory_stream(directory);
	if (!stream)
		return -errno;
	while (count <= CALLER_DESCRIPTORS_MAX && directory_next(stream))
		count++;
	return count;
}

/* By kcmp(2), since /proc/PID/fd costs 20 times as much for each descriptor. */
int caller_holds_alone(int proc, pid_t thread, int fd, int ours)
{
	int left = count_descriptors(proc, thread);
	const pid_t own = getpid();
	bool found = false;

	if (left < 0 || left > CALLER_DESCRIPTORS_MAX)
		return left < 0 ? left : 0;
	for (int number = 0; left > 0; number++) {
		int compared = compare(own, thread, KCMP_FILE, ours, (unsigned long)number);

		if (number > CALLER_NUMBER_MAX)
			return 0;
		if (compared == -EBADF)
			continue;
		if (compared < 0)
			return compared;
		left--;
		if (number == fd && compared == 0)
			found = true;
		else if (compared == 0 || watches(proc, own, thread, number, ours, fd))
			return 0;
	}
	return found ? 1 : -EBADF;
}

int caller_check_kernel(void)
{
	int compared = compare(getpid(), getpid(), KCMP_VM, 0, 0);

	return compared < 0 ? compared : 0;
}
