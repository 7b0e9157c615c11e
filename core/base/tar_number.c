// SPDX-License-Identifier: Apache-2.0
// The numbers in the headers and records of a tar stream.
#include "core/base/span.h"
#include "core/base/tar_header.h"

/*
 * Octal digits between blanks; or, where the highest bit of the first byte is set, a binary number
 * (GNU).  Returns false for anything else, for a negative number and one that doesn't fit.
 */
bool tar_field_number(const char *field, size_t width, uint64_t *ret_value)
{
	const unsigned char *bytes = (const unsigned char *)field;
	uint64_t value = 0;
	size_t i = 0;

	if (bytes[0] & 0x80) {
		if (bytes[0] & 0x7f)
			return false;
		for (i = 1; i < width; i++) {
			if (value >> 56)
				return false;
			value = value << 8 | bytes[i];
		}
		*ret_value = value;
		return true;
	}
	while (i < width && field[i] == ' ')
		i++;
	for (; i < width && field[i] >= '0' && field[i] <= '7'; i++) {
		if (value >> 61)
			return false;
		value = value << 3 | (uint64_t)(field[i] - '0');
	}
	for (; i < width; i++)
		if (field[i] != ' ' && field[i] != '\0')
			return false;
	*ret_value = value;
	return true;
}

/* Times before 1970 have no octal digits; GNU's binary form of them is a negative number. */
void tar_field_time(const char *field, size_t width, struct timespec *ret_time)
{
	const unsigned char *bytes = (const unsigned char *)field;
	uint64_t value;

	*ret_time = (struct timespec){ 0 };
	if (bytes[0] == 0xff) {
		value = UINT64_MAX;
		for (size_t i = 1; i < width; i++)
			value = value << 8 | bytes[i];
		ret_time->tv_sec = (time_t)value;
	} else if (tar_field_number(field, width, &value) && value <= INT64_MAX) {
		ret_time->tv_sec = (time_t)value;
	}
}

bool tar_decimal(struct span *text, uint64_t *ret_value)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < text->size && text->bytes[i] >= '0' && text->bytes[i] <= '9'; i++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(text->bytes[i] - '0'), &value))
			return false;
	if (i == 0)
		return false;
	*text = (struct span){ text->bytes + i, text->size - i };
	*ret_value = value;
	return true;
}

bool tar_whole_decimal(struct span text, uint64_t limit, uint64_t *ret_value)
{
	return tar_decimal(&text, ret_value) && text.size == 0 && *ret_value <= limit;
}

/* "[-]SECONDS[.FRACTION]"; digits behind the nanoseconds are dropped. */
bool tar_parse_time(struct span text, struct timespec *ret_time)
{
	bool negative = text.size > 0 && text.bytes[0] == '-';
	uint64_t seconds;
	long nanoseconds = 0, unit = 100000000;

	if (negative)
		text = (struct span){ text.bytes + 1, text.size - 1 };
	if (!tar_decimal(&text, &seconds) || seconds > INT64_MAX - 1)
		return false;
	if (text.size > 0 && text.bytes[0] != '.')
		return false;
	for (size_t i = 1; i < text.size; i++, unit /= 10) {
		if (text.bytes[i] < '0' || text.bytes[i] > '9')
			return false;
		nanoseconds += unit * (text.bytes[i] - '0');
	}
	ret_time->tv_sec = negative ? -(time_t)seconds : (time_t)seconds;
	ret_time->tv_nsec = nanoseconds;
	if (negative && nanoseconds) {
		ret_time->tv_sec--;
		ret_time->tv_nsec = 1000000000 - nanoseconds;
	}
	return true;
}
