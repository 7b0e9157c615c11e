// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/parent/streams.h"

#include <linux/magic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "core/base/str.h"

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
	case S_IFCHR:
	case S_IFBLK: return !isatty(fd);
	case S_IFSOCK:
		/* systemd writes the device and inode of the journal's socket to the variable. */
		snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
		return str_equal(journal_stream, own);
	default: return false;
	}
}

unsigned int streams_to_replace(const char *journal_stream)
{
	unsigned int replaced = STREAM_BIT(STDIN_FILENO);

	for (int fd = STDOUT_FILENO; fd < STREAM_COUNT; fd++)
		if (!stream_outlives_caller(fd, journal_stream))
			replaced |= STREAM_BIT(fd);
	return replaced;
}
