/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_SIZE_H
#define URUN_BASE_SIZE_H

#include <stdint.h>

/*
 * Parses an amount of bytes as people write it: 64m, 1.5g, 64mb, 64MiB, "64 m", 1024.  The letters
 * b, k, m, g, t and p count in powers of 1024, and upper and lower case make no difference;
 * fractions of a byte are cut off.  Takes no sign and no exponent.  Returns 0, -EINVAL, or -ERANGE
 * above INT64_MAX; *ret_bytes is untouched on failure.
 * Source: the options of docker and podman (RAMInBytes of go-units).
 */
int size_parse(const char *text, int64_t *ret_bytes);

#endif
