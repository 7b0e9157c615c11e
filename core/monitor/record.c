// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include "core/monitor/record.h"

#include <string.h>

/* ---- the sum ---- */

/* Odd constants with about as many ones as zeros. */
#define MIX_A 0x9e3779b97f4a7c15u
#define MIX_B 0xc2b2ae3d27d4eb4fu

/* The two halves of the product of 128 bits, one over the other: each bit of it depends on all bits of both. */
#ifdef __SIZEOF_INT128__
__extension__ typedef unsigned __int128 product_t;

static uint64_t mix(uint64_t a, uint64_t b)
{
	product_t product = (product_t)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}
#else
static uint64_t mix(uint64_t a, uint64_t b)
{
	uint64_t a_low = (uint32_t)a, a_high = a >> 32, b_low = (uint32_t)b, b_high = b >> 32;
	uint64_t middle = (a_low * b_low >> 32) + (uint32_t)(a_high * b_low) + a_low * b_high;
	uint64_t high = a_high * b_high + (a_high * b_low >> 32) + (middle >> 32);

	return a * b ^ high;
}
#endif

static uint64_t word_at_place(const unsigned char *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

#define LANES	  4
#define LANE_SIZE (2 * sizeof(uint64_t))

static void mix_lanes(uint64_t lanes[static LANES], uint64_t secret, const unsigned char *at)
{
	/* The lanes stay in registers only if the loop is unrolled. */
#pragma GCC unroll 4
	for (size_t i = 0; i < LANES; i++, at += LANE_SIZE)
		lanes[i] = mix(lanes[i] ^ word_at_place(at),
			       secret ^ word_at_place(at + LANE_SIZE / 2));
}

/* Several sums side by side, since a processor multiplies several numbers at a time. */
uint64_t log_sum(uint64_t key, const void *bytes, size_t size)
{
	const unsigned char *at = bytes;
	unsigned char last[LANES * LANE_SIZE] = { 0 };
	uint64_t lanes[LANES], sum = key ^ size, secret = mix(key ^ MIX_A, MIX_B);

	for (size_t i = 0; i < LANES; i++)
		lanes[i] = key + (i + 1) * MIX_B;
	for (; size >= sizeof(last); size -= sizeof(last), at += sizeof(last))
		mix_lanes(lanes, secret, at);
	if (size) {
		memcpy(last, at, size);
		mix_lanes(lanes, secret, last);
	}
	for (size_t i = 0; i < LANES; i++)
		sum = mix(sum ^ MIX_A, lanes[i] ^ MIX_B);
	return sum ^ key;
}

uint64_t log_record_sum(uint64_t key, const struct log_record *record, const void *bytes)
{
	uint64_t head = log_sum(key, record, offsetof(struct log_record, sum));

	return log_sum(key ^ head, bytes, record->length);
}

/* ---- heads ---- */

bool log_head_is_good(const struct log_head *head, uint64_t number)
{
	return head->magic == LOG_HEAD_MAGIC && head->number == number &&
	       head->sum == log_sum(head->key, head, offsetof(struct log_head, sum));
}

static bool is_known_kind(const struct log_record *record)
{
	switch (record->kind) {
	case LOG_STDOUT:
	case LOG_STDERR: return record->length > 0 && record->length <= LOG_BYTES_MAX;
	case LOG_GAP: return record->length == sizeof(struct log_gap);
	case LOG_END: return record->length == 0;
	default: return false;
	}
}

enum log_found log_record_find(uint64_t key, const void *bytes, size_t size,
			       struct log_record *ret_record)
{
	const unsigned char *at = bytes;
	uint32_t magic = LOG_RECORD_MAGIC;
	struct log_record record;

	if (memcmp(at, &magic, size < sizeof(magic) ? size : sizeof(magic)) != 0)
		return LOG_BAD;
	if (size < sizeof(record))
		return LOG_CUT;
	memcpy(&record, at, sizeof(record));
	if (!is_known_kind(&record) || record.zero != 0)
		return LOG_BAD;
	if (size - sizeof(record) < record.length)
		return LOG_CUT;
	if (record.sum != log_record_sum(key, &record, at + sizeof(record)))
		return LOG_BAD;
	*ret_record = record;
	return LOG_FOUND;
}

size_t log_file_name(uint64_t number, char ret_name[static LOG_NAME_SIZE])
{
	char digits[LOG_NAME_SIZE];
	size_t count = 0;

	do {
		digits[count++] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	for (size_t i = 0; i < count; i++)
		ret_name[i] = digits[count - 1 - i];
	ret_name[count] = '\0';
	return count;
}
