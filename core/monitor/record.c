// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include "core/monitor/record.h"

#include <string.h>

/* ---- the sum ---- */

/* Odd constants with about as many ones as zeros: products of them mix all bits upwards. */
#define MIX_A 0x9e3779b97f4a7c15u
#define MIX_B 0xc2b2ae3d27d4eb4fu

static uint64_t mix(uint64_t sum, uint64_t word)
{
	sum = (sum ^ word) * MIX_A;
	return sum ^ sum >> 29;
}

static uint64_t word_at_place(const unsigned char *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

#define LANES 8

static void mix_lanes(uint64_t lanes[static LANES], const unsigned char *at)
{
	/* The lanes stay in registers only if the loop is unrolled. */
#pragma GCC unroll 8
	for (size_t i = 0; i < LANES; i++)
		lanes[i] = mix(lanes[i], word_at_place(at + i * sizeof(lanes[0])));
}

/* Several sums side by side, since a processor multiplies several numbers at a time. */
uint64_t log_sum(uint64_t key, const void *bytes, size_t size)
{
	const unsigned char *at = bytes;
	unsigned char last[LANES * sizeof(uint64_t)] = { 0 };
	uint64_t lanes[LANES], sum = key ^ size;

	for (size_t i = 0; i < LANES; i++)
		lanes[i] = key + i * MIX_B;
	for (; size >= sizeof(last); size -= sizeof(last), at += sizeof(last))
		mix_lanes(lanes, at);
	if (size) {
		memcpy(last, at, size);
		mix_lanes(lanes, last);
	}
	for (size_t i = 0; i < LANES; i++)
		sum = mix(sum, lanes[i] * MIX_B);
	return sum * MIX_B ^ key;
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
