// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include "core/base/size.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* Twice 10 to the power of it fits 64 bits. */
#define FRACTION_DIGITS_MAX 18

/*
 * The number of bits to shift by for the unit "", "b", "k", "kb", "kib" …; -1: the text is no unit.
 */
static int suffix_shift(const char *suffix)
{
	static const char letters[] = "bkmgtp";
	const char *letter = strchr(letters, tolower((unsigned char)suffix[0]));

	if (!*suffix)
		return 0;
	if (!letter)
		return -1;
	if (suffix[1] && (letter == letters ||
			  (strcasecmp(suffix + 1, "b") != 0 && strcasecmp(suffix + 1, "ib") != 0)))
		return -1;
	return 10 * (int)(letter - letters);
}

/* Returns @fraction / @divisor, which is below 1, times 2 to the power of @shift, rounded down. */
static uint64_t fraction_shifted(uint64_t fraction, uint64_t divisor, int shift)
{
	uint64_t result = 0;

	for (; shift > 0; shift--) {
		fraction *= 2;
		result = result * 2 + (fraction >= divisor);
		if (fraction >= divisor)
			fraction -= divisor;
	}
	return result;
}

int size_parse(const char *text, int64_t *ret_bytes)
{
	uint64_t whole = 0, fraction = 0, divisor = 1;
	bool is_large = false, has_digit = false;
	uint64_t bytes;
	int shift, digits = 0;

	for (; isdigit((unsigned char)*text); text++, has_digit = true)
		is_large |= __builtin_mul_overflow(whole, 10, &whole) ||
			    __builtin_add_overflow(whole, (uint64_t)(*text - '0'), &whole);
	if (*text == '.')
		for (text++; isdigit((unsigned char)*text); text++, has_digit = true)
			if (digits++ < FRACTION_DIGITS_MAX) {
				fraction = fraction * 10 + (uint64_t)(*text - '0');
				divisor *= 10;
			}
	text += *text == ' ';
	shift = suffix_shift(text);
	if (!has_digit || shift < 0)
		return -EINVAL;
	is_large |=
		__builtin_mul_overflow(whole, (uint64_t)1 << shift, &bytes) ||
		__builtin_add_overflow(bytes, fraction_shifted(fraction, divisor, shift), &bytes);
	if (is_large || bytes > INT64_MAX)
		return -ERANGE;
	*ret_bytes = (int64_t)bytes;
	return 0;
}

void size_print(uint64_t bytes, enum size_look look, struct strbuf *out)
{
	static const char *const binary[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	static const char *const decimal[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	const char *const *units = look == SIZE_BINARY ? binary : decimal;
	const double step = look == SIZE_BINARY ? 1024 : 1000;
	/* In memory: registers of i386 have more bits than a double, and 999.95 isn't the same number in these. */
	volatile double value = (double)bytes;
	/* The number as printed, rounded, is below the step too. */
	const volatile double end = look == SIZE_SHORT ? 999.5 : step - 0.05;
	size_t unit = 0;

	for (; value >= (unit ? end : step) && unit + 1 < ARRAY_SIZE(binary); unit++)
		value /= step;
	strbuf_addf(out, unit == 0 ? "%.0f" : look == SIZE_SHORT ? "%.3g" : "%.1f", value);
	strbuf_addf(out, look == SIZE_SHORT ? " %s" : "%s", units[unit]);
}
