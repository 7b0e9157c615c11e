// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-slirp.
#include "netns/slirp/checksum.h"

#include <arpa/inet.h>
#include <string.h>

/*
 * The sum is of 16-bit words in the machine's byte order.  The words may be added in any width:
 * what overflows is added again at the low end.
 */
static uint64_t add_with_carry(uint64_t sum, uint64_t part)
{
	sum += part;
	return sum + (sum < part);
}

static uint64_t sum_words(const uint8_t *bytes, size_t size)
{
	uint64_t sums[4] = { 0 };
	uint64_t sum = 0;

	/* Four independent sums, so that the processor can add in parallel. */
	for (; size >= 32; size -= 32, bytes += 32) {
		uint64_t parts[4];

		memcpy(parts, bytes, sizeof(parts));
		for (int i = 0; i < 4; i++)
			sums[i] = add_with_carry(sums[i], parts[i]);
	}
	for (; size >= 2; size -= 2, bytes += 2) {
		uint16_t word;

		memcpy(&word, bytes, sizeof(word));
		sum += word;
	}
	if (size > 0) {
		uint8_t last[2] = { *bytes, 0 };
		uint16_t word;

		memcpy(&word, last, sizeof(word));
		sum += word;
	}
	for (int i = 0; i < 4; i++)
		sum = add_with_carry(sum, sums[i]);
	return sum;
}

static uint16_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

uint16_t checksum_add(uint16_t sum, const uint8_t *bytes, size_t size)
{
	return ntohs(fold(add_with_carry(sum_words(bytes, size), htons(sum))));
}

void checksum_mend(uint8_t *place, uint16_t old_word, uint16_t new_word)
{
	uint32_t sum = (uint16_t)~get16(place);

	sum += (uint16_t)~old_word;
	sum += new_word;
	put16(place, (uint16_t)~fold(sum));
}
