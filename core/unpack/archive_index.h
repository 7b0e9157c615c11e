/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_UNPACK_ARCHIVE_INDEX_H
#define URUN_UNPACK_ARCHIVE_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

/*
 * The files of an archive that holds an image, by name: where in the archive their bytes are.  The
 * archive is a plain tar in a regular file; archive_make_plain() makes one of what isn't.
 * The archive is hostile input; names are only ever compared.
 * Runs in: urun-image.
 */

/* Part of a regular file. */
struct file_part {
	int fd; /* -1: none */
	uint64_t offset;
	uint64_t size;
};

struct archive_file {
	char *name; /* clean: no "." and "..", no "/" at the begin */
	char *link; /* of a symbolic link: the name in the archive that it leads to; else NULL */
	struct file_part part;
};

struct archive_index {
	struct archive_file *files;
	size_t count;
};

void archive_index_release(struct archive_index *index);

/* The files of an image's archive: some for each layer.  Above that it is no such archive. */
#define ARCHIVE_FILES_MAX 65536

/* Reads the headers of the tar @fd, whose files keep @fd as their descriptor. */
int archive_index_read(int fd, struct archive_index *ret_index, struct error *err);

/*
 * The file @name, which may be reached by links in the archive.  The last of several with this name
 * counts, as in all archives.  NULL: there is none.
 */
const struct archive_file *archive_find(const struct archive_index *index, const char *name);

/*
 * Where @fd is a plain tar in a regular file, *ret_fd is a copy of @fd.  Else what it delivers, a
 * pipe or gzip or zstd, is written to the new file @name in @work, @limit bytes at most.
 */
int archive_make_plain(int fd, int work, const char *name, uint64_t limit, int *ret_fd,
		       struct error *err);

#endif
