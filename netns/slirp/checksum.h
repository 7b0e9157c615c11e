/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_SLIRP_CHECKSUM_H
#define URUN_NETNS_SLIRP_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/*
 * The checksum of IP, TCP and UDP, over bytes in network order.
 * Runs in: urun-slirp.
 * Source: RFC 1071, RFC 1624.
 */

/* Adds @size bytes to the one's complement sum @sum.  The result isn't inverted. */
uint16_t checksum_add(uint16_t sum, const uint8_t *bytes, size_t size);

/* Corrects the checksum at @place after a 16-bit word that it covers has changed. */
void checksum_mend(uint8_t *place, uint16_t old_word, uint16_t new_word);

/* Reads or writes 16 bits in network order. */
static inline uint16_t get16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static inline void put16(uint8_t *bytes, uint16_t value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

/* Reads or writes 32 bits in network order. */
static inline uint32_t get32(const uint8_t *bytes)
{
	return (uint32_t)get16(bytes) << 16 | get16(bytes + 2);
}

static inline void put32(uint8_t *bytes, uint32_t value)
{
	put16(bytes, (uint16_t)(value >> 16));
	put16(bytes + 2, (uint16_t)value);
}

#endif
