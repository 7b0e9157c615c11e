/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_DIRECTORY_H
#define URUN_BASE_DIRECTORY_H

#include <dirent.h>

/* A stream that its scope owns: closed at the end.  NULL is no stream. */
#define autodir __attribute__((cleanup(directory_cleanup)))

static inline void directory_cleanup(DIR **stream)
{
	if (*stream)
		closedir(*stream);
}

/*
 * Opens a stream of its own over the directory @fd (O_PATH is enough), which stays the caller's.
 * Returns NULL with errno where the directory can't be read.  Source: fdopendir(3).
 */
DIR *directory_stream(int fd);

/*
 * The next entry but "." and "..".  NULL with errno 0 at the end, and with another errno where the
 * directory can't be read.
 */
struct dirent *directory_next(DIR *stream);

#endif
