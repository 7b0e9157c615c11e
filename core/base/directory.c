// SPDX-License-Identifier: Apache-2.0
#include "core/base/directory.h"

#include <errno.h>
#include <fcntl.h>

#include "core/base/fd.h"
#include "core/base/str.h"

DIR *directory_stream(int fd)
{
	autoclose int readable = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = readable < 0 ? NULL : fdopendir(readable);

	/* The stream owns the descriptor. */
	if (stream)
		(void)take_fd(&readable);
	return stream;
}

struct dirent *directory_next(DIR *stream)
{
	struct dirent *entry;

	do {
		errno = 0;
		entry = readdir(stream);
	} while (entry && (str_equal(entry->d_name, ".") || str_equal(entry->d_name, "..")));
	return entry;
}
