// SPDX-License-Identifier: Apache-2.0
#include "core/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/number.h"
#include "core/base/str.h"

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1u << 2)
#endif

/* Bytes of one read from a file whose size isn't known before (procfs, pipes). */
#define READ_STEP ((size_t)4096)

void fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd); /* Linux closes it even where close() fails: never try again */
	*fd = -1;
	errno = saved;
}

/* Returns 0, or -ETIMEDOUT where nothing is ready within @timeout_ms (-1: waits for ever). */
static int wait_ready(int fd, short events, int timeout_ms)
{
	struct pollfd event = { .fd = fd, .events = events };
	int ready;

	do
		ready = poll(&event, 1, timeout_ms);
	while (ready < 0 && errno == EINTR);
	if (ready < 0)
		return -errno;
	return ready == 0 ? -ETIMEDOUT : 0;
}

int fd_write_within(int fd, const void *bytes, size_t size, int timeout_ms)
{
	const char *next = bytes;

	while (size) {
		ssize_t written = write(fd, next, size);
		int failed = 0;

		if (written >= 0) {
			next += written;
			size -= (size_t)written;
		} else if (errno == EAGAIN) {
			failed = wait_ready(fd, POLLOUT, timeout_ms);
		} else if (errno != EINTR) {
			failed = -errno;
		}
		if (failed < 0)
			return failed;
	}
	return 0;
}

int fd_write_all(int fd, const void *bytes, size_t size)
{
	return fd_write_within(fd, bytes, size, -1);
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
	/* A second write would be a second setting to procfs: a partial write is a failure. */
	return (size_t)written == size ? 0 : -EIO;
}

static ssize_t read_some(int fd, void *bytes, size_t size)
{
	ssize_t got;

	for (;;) {
		got = read(fd, bytes, size);
		if (got >= 0)
			return got;
		if (errno == EAGAIN) {
			int failed = wait_ready(fd, POLLIN, -1);

			if (failed < 0)
				return failed;
		} else if (errno != EINTR) {
			return -errno;
		}
	}
}

/*
 * More room at the start where the size is known: all of a regular file and one byte more, by which
 * the end of the file is noticed.
 */
static size_t first_room(const struct stat *st)
{
	return S_ISREG(st->st_mode) && (size_t)st->st_size >= READ_STEP ? (size_t)st->st_size + 1
									: READ_STEP;
}

int fd_read_known(int fd, const struct stat *st, size_t limit, char **ret_bytes, size_t *ret_size)
{
	autofree char *bytes = NULL;
	size_t size = 0;
	size_t room = first_room(st);
	ssize_t got;

	if (S_ISREG(st->st_mode) && (uintmax_t)st->st_size > limit)
		return -EFBIG;
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

int fd_read_all(int fd, size_t limit, char **ret_bytes, size_t *ret_size)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? -errno : fd_read_known(fd, &st, limit, ret_bytes, ret_size);
}

/*
 * The number of the descriptor that "/dev/stdin", "/dev/fd/N" or another of its names means; -1 for
 * another path.
 */
static int number_of_own(const char *path)
{
	static const char *const directories[] = { "/dev/fd/", "/proc/self/fd/" };
	uint32_t number;

	if (str_equal(path, "/dev/stdin"))
		return STDIN_FILENO;
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		if (str_starts_with(path, directories[i]) &&
		    number_parse_u32(path + strlen(directories[i]), INT32_MAX, &number) == 0)
			return (int)number;
	return -1;
}

/*
 * ORDER: O_NONBLOCK, or the open of a FIFO waits for a writer.
 * A socket can't be opened by a path, and some shells and servers (sshd) make stdin a socket.
 */
static int open_input(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int own = fd < 0 && errno == ENXIO ? number_of_own(path) : -1;

	if (own >= 0)
		fd = fcntl(own, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? -errno : fd;
}

static bool is_named_fifo(int fd, const struct stat *st)
{
	struct statfs fs;

	return S_ISFIFO(st->st_mode) && fstatfs(fd, &fs) == 0 && fs.f_type != PIPEFS_MAGIC;
}

int fd_read_file(const char *path, size_t limit, char **ret_bytes, size_t *ret_size)
{
	autoclose int fd = open_input(path);
	struct stat st;
	int failed;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (S_ISBLK(st.st_mode) || (S_ISCHR(st.st_mode) && isatty(fd)))
		return -ENOTSUP;
	failed = fd_read_known(fd, &st, limit, ret_bytes, ret_size);
	if (failed == 0 && *ret_size == 0 && is_named_fifo(fd, &st)) {
		free(*ret_bytes);
		*ret_bytes = NULL;
		return -ENODATA;
	}
	return failed;
}

int fd_path(int fd, char ret_path[static PATH_MAX])
{
	char link[32];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, ret_path, PATH_MAX - 1);
	if (length < 0)
		return -errno;
	ret_path[length] = '\0';
	return (int)length;
}

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* since Linux 6.3; needed if the sysctl vm.memfd_noexec is set */
#endif

int fd_memory_program(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	/* A kernel before 6.3 doesn't know MFD_EXEC. */
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd < 0 ? -errno : fd;
}

/* The kernel itself waits up to 0.15 s for the pages before it answers EBUSY. */
#define SEAL_WAIT_MS 10000

int fd_seal(int fd, unsigned int seals)
{
	int64_t end = clock_ms() + SEAL_WAIT_MS;

	while (fcntl(fd, F_ADD_SEALS, seals) < 0) {
		if (errno != EBUSY || clock_ms() > end)
			return -errno;
		(void)usleep(1000);
	}
	return 0;
}

int fd_cloexec_from(unsigned int first)
{
	if (syscall(SYS_close_range, first, UINT_MAX, CLOSE_RANGE_CLOEXEC) < 0)
		return -errno;
	return 0;
}

int fd_close_others(unsigned int first, const int *kept, size_t count)
{
	/* The lowest descriptor that is kept, again and again. */
	for (;;) {
		unsigned int lowest = UINT_MAX;

		for (size_t i = 0; i < count; i++)
			if (kept[i] >= (int)first && (unsigned int)kept[i] < lowest)
				lowest = (unsigned int)kept[i];
		if (lowest > first && syscall(SYS_close_range, first, lowest - 1, 0) < 0)
			return -errno;
		if (lowest == UINT_MAX)
			return 0;
		first = lowest + 1;
	}
}

unsigned int fd_count_inherited(unsigned int first, unsigned int count)
{
	for (; count > 0; count--) {
		int flags = fcntl((int)(first + count - 1), F_GETFD);

		if (flags >= 0 && !(flags & FD_CLOEXEC))
			break;
	}
	return count;
}

void fd_raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* There is no other flag, so none has to be read first.  Source: fcntl(2), F_SETFD. */
static int change_cloexec(int fd, bool wanted)
{
	return fcntl(fd, F_SETFD, wanted ? FD_CLOEXEC : 0) < 0 ? -errno : 0;
}

int fd_set_cloexec(int fd)
{
	return change_cloexec(fd, true);
}

int fd_clear_cloexec(int fd)
{
	return change_cloexec(fd, false);
}
