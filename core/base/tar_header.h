/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_TAR_HEADER_H
#define URUN_BASE_TAR_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "core/base/span.h"

/* What the parts of core/base/tar.h share. */

#define TAR_BLOCK_SIZE	 512
#define TAR_XATTR_PREFIX "SCHILY.xattr."

/*
 * A header of one block.  Numbers are octal digits; texts end with a NUL unless they fill their
 * field.  In GNU's old form of a sparse file, @prefix has a part of the map.
 * Source: tar(5), "POSIX ustar Archives", "GNU Tar Archives".
 */
struct tar_header {
	char name[100];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12];
	char mtime[12];
	char sum[8];
	char type;
	char link[100];
	char magic[6];
	char version[2];
	char user[32];
	char group[32];
	char device_major[8];
	char device_minor[8];
	char prefix[155];
	char unused[12];
};

/*
 * The number in a field of a header: octal digits between blanks; or, where the highest bit of the
 * first byte is set, a binary number (GNU).  False for anything else, for a negative number and one
 * that doesn't fit.
 */
bool tar_field_number(const char *field, size_t width, uint64_t *ret_value);

/* The time in a field; 0 where it is none. */
void tar_field_time(const char *field, size_t width, struct timespec *ret_time);

/* Cuts decimal digits off the front of *text; false where there are none, or too many. */
bool tar_decimal(struct span *text, uint64_t *ret_value);

/* The same for a text that has nothing else, and a number of at most @limit. */
bool tar_whole_decimal(struct span text, uint64_t limit, uint64_t *ret_value);

/* "[-]SECONDS[.FRACTION]"; digits behind the nanoseconds are dropped. */
bool tar_parse_time(struct span text, struct timespec *ret_time);

_Static_assert(sizeof(struct tar_header) == TAR_BLOCK_SIZE, "a header is a block");

/* What fills up the last block behind @size bytes. */
static inline uint64_t tar_padding(uint64_t size)
{
	return -size & (TAR_BLOCK_SIZE - 1);
}

#endif
