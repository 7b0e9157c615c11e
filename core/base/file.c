// SPDX-License-Identifier: Apache-2.0
#include "core/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/str.h"

#define NEW_PREFIX ".urun-new-"
#define NAME_TRIES 16

/*
 * O_EXCL makes anything that exists under the name, also a dangling link, an error.  The caller
 * unlinks the name only where this function has made the file.
 */
static int make_exclusive(int dir, const char *name, mode_t mode, int *ret_fd)
{
	*ret_fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC,
			 mode);
	return *ret_fd < 0 ? -errno : 0;
}

static int fill(int dir, const char *name, int fd, const void *bytes, size_t size)
{
	int failed = fd_write_all(fd, bytes, size);

	if (failed < 0)
		unlinkat(dir, name, 0);
	return failed;
}

int file_create(int dir, const char *name, mode_t mode, const void *bytes, size_t size)
{
	autoclose int fd = -1;
	int failed = make_exclusive(dir, name, mode, &fd);

	return failed < 0 ? failed : fill(dir, name, fd, bytes, size);
}

/*
 * A name that other users can't guess: they couldn't redirect the write, but they could take the
 * name and so keep us from writing.  At early boot, before the kernel has randomness, a guessable
 * name will do.
 */
static int make_beside(int dir, mode_t mode, char ret_name[static 32], int *ret_fd)
{
	int failed = -EEXIST;

	for (int i = 0; i < NAME_TRIES && failed == -EEXIST; i++) {
		uint64_t number;

		if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != sizeof(number))
			number = (uint64_t)getpid() + (uint64_t)i;
		snprintf(ret_name, 32, NEW_PREFIX "%016llx", (unsigned long long)number);
		failed = make_exclusive(dir, ret_name, mode, ret_fd);
	}
	return failed;
}

enum durability { ONLY_WRITTEN, ON_DISK };

/* ORDER: the bytes are on the disk before the name, so that no loss of power leaves half a file. */
static int replace(int dir, const char *name, mode_t mode, const void *bytes, size_t size,
		   enum durability durability)
{
	autoclose int fd = -1;
	char new_name[32];
	int failed = make_beside(dir, mode, new_name, &fd);

	if (failed < 0)
		return failed;
	failed = fill(dir, new_name, fd, bytes, size);
	if (failed < 0)
		return failed;
	if ((durability == ON_DISK && fsync(fd) < 0) || renameat(dir, new_name, dir, name) < 0) {
		failed = -errno;
		unlinkat(dir, new_name, 0);
		return failed;
	}
	return durability == ON_DISK ? file_sync_directory(dir) : 0;
}

int file_replace(int dir, const char *name, mode_t mode, const void *bytes, size_t size)
{
	return replace(dir, name, mode, bytes, size, ONLY_WRITTEN);
}

int file_replace_durably(int dir, const char *name, mode_t mode, const void *bytes, size_t size)
{
	return replace(dir, name, mode, bytes, size, ON_DISK);
}

int file_sync_directory(int dir)
{
	autoclose int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

bool file_is_leftover(const char *name)
{
	return str_starts_with(name, NEW_PREFIX);
}

/* Any number that the clock shows once in a million times will do. */
#define MARK_US 271828

void file_mark(int fd)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };

	/*
	 * The remaining digits are the time, so that programs which watch the mtime (Go's resolver)
	 * see each change.
	 */
	clock_gettime(CLOCK_REALTIME, &times[1]);
	times[1].tv_nsec = MARK_US * 1000 + times[1].tv_nsec % 1000;
	futimens(fd, times);
}

bool file_is_marked(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_mtim.tv_nsec / 1000 == MARK_US;
}
