/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_TAR_H
#define URUN_BASE_TAR_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "core/base/error.h"

/*
 * tar streams: written in the pax form, read in the forms of pax, ustar, v7 and GNU tar.
 *
 * The reader trusts nothing: every length is bounded before memory is taken for it, and a number
 * that doesn't fit is an error.  It knows nothing of the file system: what a name means is the
 * caller's matter (tar_name_clean()).  A library (libarchive) would bring a dozen formats and
 * filters into a program that some run as a static binary; urun needs one format.
 * Source: pax(1) of POSIX "ustar Interchange Format", "pax Extended Header"; tar(5); the GNU tar
 * manual, "Standard Format", "Storing Sparse Files"; SCHILY.xattr of star(5).
 */
enum tar_kind {
	TAR_FILE,
	TAR_HARDLINK, /* of an entry that came before: @link is its name in the stream */
	TAR_SYMLINK,
	TAR_CHAR,
	TAR_BLOCK,
	TAR_DIRECTORY,
	TAR_FIFO,
};

/* Bytes of a name or of the text of a link at most: a thousand directories deep. */
#define TAR_NAME_MAX ((size_t)256 << 10)
/* Parts of a sparse file at most, with the empty one at its end. */
#define TAR_EXTENTS_MAX 65536

struct tar_xattr {
	char *name;
	char *value;
	size_t size;
};

/*
 * Bytes @offset … @offset+@size-1 of a file are in the stream.  For the writer, all sizes but that
 * of the last one are multiples of 512: GNU tar begins each part in a new block.
 */
struct tar_extent {
	uint64_t offset;
	uint64_t size;
};

/* One file.  The reader's entry owns all its memory: release with tar_entry_release(). */
struct tar_entry {
	enum tar_kind kind;
	char *name;  /* as it is in the stream, never empty */
	char *link;  /* of TAR_HARDLINK and TAR_SYMLINK, never empty; else NULL */
	mode_t mode; /* permissions alone: 07777 */
	uint32_t uid;
	uint32_t gid;
	struct timespec mtime;
	uint64_t size; /* of a TAR_FILE, with its holes; else 0 */
	unsigned int device_major;
	unsigned int device_minor;
	struct tar_xattr *xattrs;
	size_t xattr_count;
	/* The data of a file with holes, in ascending order; not @sparse: all of it is data. */
	bool sparse;
	struct tar_extent *extents;
	size_t extent_count;
};

void tar_entry_release(struct tar_entry *entry);
#define autotarentry __attribute__((cleanup(tar_entry_release)))

void tar_entry_add_xattr(struct tar_entry *entry, const char *name, const void *value, size_t size);
/* False where the entry has TAR_EXTENTS_MAX of them. */
bool tar_entry_add_extent(struct tar_entry *entry, uint64_t offset, uint64_t size);

/*
 * The path that a name in a stream means, relative to the place where the stream is unpacked:
 * without "/" at the begin, "." and "//"; "" is that place itself.  Returns 0, or -EINVAL for a
 * name with "..".  The caller frees *ret_path.
 */
int tar_name_clean(const char *name, char **ret_path);

/*
 * Errors of both sides: the code is EPIPE where the peer of @fd has ended too early, or EINTR where
 * *@stop was set by a signal; the texts begin with "tar stream: ".
 */

#define TAR_BUFFER_SIZE ((size_t)256 << 10)

struct tar_reader {
	int fd;				   /* -1: all bytes are in @buffer */
	const volatile sig_atomic_t *stop; /* NULL: nothing stops a read */
	char *buffer;
	size_t start, end; /* the unread bytes of @buffer */
	uint64_t left;	   /* data of the present entry that was not read yet */
	uint64_t padding;  /* behind that data */
	bool begun;	   /* the first block was read */
	bool sparse;
	struct tar_extent *extents; /* of the present entry; borrowed from it */
	size_t extent_count, extent;
	uint64_t offset; /* in the file, of the next byte; in a sparse file, in the extent */
};

/* Release with tar_reader_release(), which doesn't close @fd. */
void tar_reader_init(struct tar_reader *reader, int fd, const volatile sig_atomic_t *stop);
/* Reads from these bytes, for tests. */
void tar_reader_init_bytes(struct tar_reader *reader, const void *bytes, size_t size);
void tar_reader_release(struct tar_reader *reader);
#define autotarreader __attribute__((cleanup(tar_reader_release)))

/*
 * Reads the next entry, and skips what was left of the one before.  Returns 1; 0 at the end of the
 * archive; -1 with an error, also where the stream ends without the mark of its end.  *ret_entry
 * must live until the next call.
 */
int tar_read_entry(struct tar_reader *reader, struct tar_entry *ret_entry, struct error *err);

/*
 * The next bytes of the entry's file, which belong at *ret_offset and are valid until the next
 * call.  Returns 1; 0 where there are no more; -1 with an error.
 */
int tar_read_data(struct tar_reader *reader, const char **ret_bytes, size_t *ret_size,
		  uint64_t *ret_offset, struct error *err);

/* Reads up to @limit bytes behind the end, so that a writer that fills its last record isn't cut. */
void tar_read_rest(struct tar_reader *reader, size_t limit);

struct tar_writer {
	int fd;
	const volatile sig_atomic_t *stop;
	char *buffer;
	size_t size;	/* bytes of @buffer that were not written yet */
	uint64_t total; /* bytes of the stream until now */
	uint64_t left;	/* data that the present entry still needs */
	uint64_t padding;
};

void tar_writer_init(struct tar_writer *writer, int fd, const volatile sig_atomic_t *stop);
void tar_writer_release(struct tar_writer *writer);
#define autotarwriter __attribute__((cleanup(tar_writer_release)))

/*
 * Writes the header of @entry.  The bytes of a file follow by tar_write_room(): its @size, or those
 * of its extents one after the other.
 */
int tar_write_entry(struct tar_writer *writer, const struct tar_entry *entry, struct error *err);

/*
 * Room for the next bytes of the entry's file, at most @wanted, into which the caller reads them;
 * tar_write_advance() says how many there are.
 */
int tar_write_room(struct tar_writer *writer, size_t wanted, char **ret_room, size_t *ret_size,
		   struct error *err);
void tar_write_advance(struct tar_writer *writer, size_t size);

/* Fills up the entry with zeros: a file that became shorter while it was read. */
int tar_write_end_entry(struct tar_writer *writer, struct error *err);

/* The mark of the end, and all that is in the buffer. */
int tar_write_end(struct tar_writer *writer, struct error *err);

#endif
