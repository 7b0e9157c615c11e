/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_SIZE_H
#define URUN_BASE_SIZE_H

#include <stdint.h>

#include "core/base/str.h"

/*
 * Parses an amount of bytes as people write it: 64m, 1.5g, 64mb, 64MiB, "64 m", 1024.  The letters
 * b, k, m, g, t and p count in powers of 1024, and upper and lower case make no difference;
 * fractions of a byte are cut off.  Takes no sign and no exponent.  Returns 0, -EINVAL, or -ERANGE
 * above INT64_MAX; *ret_bytes is untouched on failure.
 * Source: the options of docker and podman (RAMInBytes of go-units).
 */
int size_parse(const char *text, int64_t *ret_bytes);

/* The programs that people know show sizes in three ways. */
enum size_look {
	SIZE_BINARY,  /* 12.3MiB: docker stats */
	SIZE_DECIMAL, /* 12.9MB: podman pull */
	SIZE_SHORT,   /* 12.9 MB, 129 MB: three digits, as podman images */
};

/* Appends @bytes in the largest unit that leaves a number of at least 1, when it is rounded. */
void size_print(uint64_t bytes, enum size_look look, struct strbuf *out);

#endif
