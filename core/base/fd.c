// SPDX-License-Identifier: Apache-2.0
#include "core/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "core/base/str.h"

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1u << 2)
#endif

/* What one read of a file asks for whose size isn't known before (procfs, pipes). */
#define READ_STEP ((size_t)4096)

void fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd); /* Linux has closed it even where this fails: never again */
	*fd = -1;
	errno = saved;
}

int fd_write_all(int fd, const void *bytes, size_t size)
{
	const char *next = bytes;

	while (size) {
		ssize_t written = write(fd, next, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		next += written;
		size -= (size_t)written;
	}
	return 0;
}

int fd_write_file(const char *path, const char *text)
{
	return fd_write_file_at(AT_FDCWD, path, text);
}

int fd_write_file_at(int dir, const char *path, const char *text)
{
	autoclose int fd = openat(dir, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	size_t size = strlen(text);
	ssize_t written;

	if (fd < 0)
		return -errno;
	do
		written = write(fd, text, size);
	while (written < 0 && errno == EINTR);
	if (written < 0)
		return -errno;
	/* A second write would be a second setting to procfs: a part is a failure. */
	return (size_t)written == size ? 0 : -EIO;
}

static ssize_t read_some(int fd, void *bytes, size_t size)
{
	ssize_t got;

	do
		got = read(fd, bytes, size);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

/*
 * More room to begin with where it is known: all of a regular file and one byte more, which tells
 * that it ended.
 */
static int first_room(int fd, size_t limit, size_t *ret_room)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return 0;
	if ((uintmax_t)st.st_size > limit)
		return -EFBIG;
	if ((size_t)st.st_size >= READ_STEP)
		*ret_room = (size_t)st.st_size + 1;
	return 0;
}

int fd_read_all(int fd, size_t limit, char **ret_bytes, size_t *ret_size)
{
	autofree char *bytes = NULL;
	size_t size = 0;
	size_t room = READ_STEP;
	ssize_t got = first_room(fd, limit, &room);

	if (got < 0)
		return (int)got;
	bytes = mem_resize(NULL, room + 1, 1);
	for (;;) {
		got = read_some(fd, bytes + size, room - size);
		if (got < 0)
			return (int)got;
		size += (size_t)got;
		if (size > limit)
			return -EFBIG;
		if (got == 0)
			break;
		if (size < room)
			continue;
		room *= 2;
		bytes = mem_resize(bytes, room + 1, 1);
	}
	bytes[size] = '\0';
	*ret_bytes = take_ptr(bytes);
	*ret_size = size;
	return 0;
}

int fd_read_file(const char *path, size_t limit, char **ret_bytes, size_t *ret_size)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return -errno;
	return fd_read_all(fd, limit, ret_bytes, ret_size);
}

int fd_cloexec_from(unsigned int first)
{
	if (syscall(SYS_close_range, first, UINT_MAX, CLOSE_RANGE_CLOEXEC) < 0)
		return -errno;
	return 0;
}

static int change_cloexec(int fd, bool wanted)
{
	int flags = fcntl(fd, F_GETFD);
	int changed;

	if (flags < 0)
		return -errno;
	changed = wanted ? flags | FD_CLOEXEC : flags & ~FD_CLOEXEC;
	if (changed != flags && fcntl(fd, F_SETFD, changed) < 0)
		return -errno;
	return 0;
}

int fd_set_cloexec(int fd)
{
	return change_cloexec(fd, true);
}

int fd_clear_cloexec(int fd)
{
	return change_cloexec(fd, false);
}
