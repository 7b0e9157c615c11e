// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/parent/streams.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/str.h"

/* Source: the kernel's Documentation/admin-guide/devices.txt. */
#define NULL_DEVICE makedev(1, 3)

bool stream_outlives_caller(int fd, const char *journal_stream)
{
	char own[64];
	struct statfs fs;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return false;
	switch (st.st_mode & S_IFMT) {
	case S_IFREG: return true;
	case S_IFIFO:
		/* A pipe without a name is in the kernel's own file system of pipes. */
		return fstatfs(fd, &fs) == 0 && fs.f_type != PIPEFS_MAGIC;
	case S_IFCHR: return st.st_rdev != NULL_DEVICE && !isatty(fd);
	case S_IFBLK: return true;
	case S_IFSOCK:
		/* systemd writes the device and inode of the journal's socket to the variable. */
		snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
		return str_equal(journal_stream, own);
	default: return false;
	}
}

static int open_pipe(int *ret_program, int *ret_log, struct error *err)
{
	autoclose int reader = -1, writer = -1;
	char path[32];
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(err, errno, "make a pipe");
	reader = ends[0];
	writer = ends[1];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", writer);
	*ret_program = open(path, O_RDWR | O_CLOEXEC);
	if (*ret_program < 0)
		return error_set(err, errno, "open a pipe again");
	/* A process of the container can have read what poll(2) has announced to us. */
	fcntl(reader, F_SETFL, O_NONBLOCK);
	*ret_log = take_fd(&reader);
	return 0;
}

static int open_null(int *ret_fd, struct error *err)
{
	*ret_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	return *ret_fd < 0 ? error_set(err, errno, "open /dev/null") : 0;
}

/* @kept: the STREAM_BIT()s of the caller's that the program has. */
static int open_others(unsigned int kept, bool logged, struct streams *ret_streams,
		       struct error *err)
{
	struct streams streams = STREAMS_NONE;
	int result = open_null(&streams.program[STDIN_FILENO], err);

	for (int fd = STDOUT_FILENO; fd < STREAM_COUNT && result == 0; fd++)
		if (!(kept & STREAM_BIT(fd)))
			result = logged ? open_pipe(&streams.program[fd], &streams.log[fd], err)
					: open_null(&streams.program[fd], err);
	if (result < 0)
		streams_close(&streams);
	*ret_streams = streams;
	return result;
}

int streams_open(const char *journal_stream, bool logged, struct streams *ret_streams,
		 struct error *err)
{
	unsigned int kept = 0;

	for (int fd = STDOUT_FILENO; fd < STREAM_COUNT; fd++)
		kept |= stream_outlives_caller(fd, journal_stream) ? STREAM_BIT(fd) : 0;
	return open_others(kept, logged, ret_streams, err);
}

int streams_open_own(bool logged, struct streams *ret_streams, struct error *err)
{
	return open_others(0, logged, ret_streams, err);
}

int streams_open_null(unsigned int which, struct streams *ret_streams, struct error *err)
{
	struct streams streams = STREAMS_NONE;
	int result = 0;

	for (int fd = 0; fd < STREAM_COUNT && result == 0; fd++)
		if (which & STREAM_BIT(fd))
			result = open_null(&streams.program[fd], err);
	if (result < 0)
		streams_close(&streams);
	*ret_streams = streams;
	return result;
}

void streams_close_program(struct streams *streams)
{
	for (int fd = 0; fd < STREAM_COUNT; fd++)
		fd_close(&streams->program[fd]);
}

void streams_close(struct streams *streams)
{
	streams_close_program(streams);
	for (int fd = 0; fd < STREAM_COUNT; fd++)
		fd_close(&streams->log[fd]);
}
