// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-bypass.
#include "netns/bypass/caller.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

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

struct caller_descriptor caller_descriptor_read(const char *text, uint64_t inode)
{
	struct caller_descriptor read = { 0 };
	const char *line = text, *end;

	for (; *line; line = *end ? end + 1 : end) {
		const char *number;

		end = line + strcspn(line, "\n");
		if (strncmp(line, "flags:", 6) == 0)
			read.cloexec = (strtoul(line + 6, NULL, 8) & O_CLOEXEC) != 0;
		else if (strncmp(line, "ino:", 4) == 0)
			read.inode = strtoull(line + 4, NULL, 10);
		else if (strncmp(line, "tfd:", 4) == 0 &&
			 (number = memmem(line, (size_t)(end - line), " ino:", 5)) &&
			 strtoull(number + 5, NULL, 16) == inode)
			read.watches = true;
	}
	return read;
}

static int read_descriptor(int directory, const char *name, uint64_t inode,
			   struct caller_descriptor *ret_read)
{
	autofree char *text = NULL;
	size_t size;
	autoclose int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	int failed = fd < 0 ? -errno : fd_read_all(fd, FDINFO_SIZE_MAX, &text, &size);

	if (failed < 0 || !text)
		return failed < 0 ? failed : -EIO;
	*ret_read = caller_descriptor_read(text, inode);
	return 0;
}

static void close_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

int caller_holds_alone(int proc, pid_t thread, int fd, uint64_t inode, bool *ret_cloexec)
{
	__attribute__((cleanup(close_directory))) DIR *stream = NULL;
	char path[32];
	const struct dirent *entry;
	bool found = false;
	int directory;

	snprintf(path, sizeof(path), "%d/fdinfo", (int)thread);
	directory = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	stream = directory < 0 ? NULL : fdopendir(directory);
	if (!stream) {
		int errnum = errno;

		fd_close(&directory);
		return -errnum;
	}
	while ((entry = readdir(stream))) {
		struct caller_descriptor read;

		/* One that is closed meanwhile holds nothing. */
		if (entry->d_name[0] == '.' ||
		    read_descriptor(dirfd(stream), entry->d_name, inode, &read) < 0)
			continue;
		if (read.watches)
			return 0;
		if (read.inode != inode)
			continue;
		if (strtol(entry->d_name, NULL, 10) != fd)
			return 0;
		*ret_cloexec = read.cloexec;
		found = true;
	}
	return found ? 1 : -EBADF;
}
