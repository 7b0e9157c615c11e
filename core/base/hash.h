/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_HASH_H
#define URUN_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/*
 * A hash against accidents and for finding candidates, not against attacks: FNV-1a of 64 bits.  Its
 * lower half alone serves for a table.
 */
static inline uint64_t hash_bytes(const void *bytes, size_t size)
{
	const unsigned char *at = bytes;
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
	return hash;
}

#endif
