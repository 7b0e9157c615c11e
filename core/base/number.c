// SPDX-License-Identifier: Apache-2.0
#include "core/base/number.h"

#include <errno.h>
#include <stdbool.h>

int number_parse_u64(const char *text, uint64_t max, uint64_t *ret_value)
{
	uint64_t value = 0;
	int result = 0;

	if (!*text)
		return -EINVAL;
	/*
	 * Looks at all of the text, so that "99999x" is no number rather than a number out of
	 * range.
	 */
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
			result = -ERANGE;
	}
	if (result < 0 || value > max)
		return -ERANGE;
	*ret_value = value;
	return 0;
}

int number_parse_u32(const char *text, uint32_t max, uint32_t *ret_value)
{
	uint64_t value;
	int result = number_parse_u64(text, max, &value);

	if (result < 0)
		return result;
	*ret_value = (uint32_t)value;
	return 0;
}

int number_parse_i64(const char *text, int64_t min, int64_t max, int64_t *ret_value)
{
	bool negative = *text == '-';
	uint64_t magnitude;
	int64_t value;
	int result;

	result = number_parse_u64(text + negative, (uint64_t)INT64_MAX + negative, &magnitude);
	if (result < 0)
		return result;
	/* In unsigned arithmetic, as -INT64_MIN doesn't fit. */
	value = (int64_t)(negative ? -magnitude : magnitude);
	if (value < min || value > max)
		return -ERANGE;
	*ret_value = value;
	return 0;
}
