// SPDX-License-Identifier: Apache-2.0
#include "core/base/span.h"

#include <string.h>

#include "core/base/number.h"

bool span_cut(struct span *rest, char divider, struct span *ret_part)
{
	const char *found;

	if (rest->size == 0)
		return false;
	found = memchr(rest->bytes, divider, rest->size);
	ret_part->bytes = rest->bytes;
	ret_part->size = found ? (size_t)(found - rest->bytes) : rest->size;
	rest->bytes += ret_part->size + (found ? 1 : 0);
	rest->size -= ret_part->size + (found ? 1 : 0);
	return true;
}

struct span span_trim(struct span text)
{
	while (text.size > 0 && strchr(" \t\r", text.bytes[0]) && text.bytes[0]) {
		text.bytes++;
		text.size--;
	}
	while (text.size > 0 && strchr(" \t\r", text.bytes[text.size - 1]) &&
	       text.bytes[text.size - 1])
		text.size--;
	return text;
}

bool span_same(struct span a, struct span b)
{
	return a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
}

bool span_is(struct span text, const char *word)
{
	return word && strlen(word) == text.size && memcmp(text.bytes, word, text.size) == 0;
}

bool span_has_word(struct span text, const char *word)
{
	struct span line, part;

	while (span_cut(&text, '\n', &line))
		while (span_cut(&line, ' ', &part))
			if (span_is(part, word))
				return true;
	return false;
}

bool span_number(struct span text, uint32_t *ret_value)
{
	char digits[16];

	if (text.size >= sizeof(digits) || memchr(text.bytes, '\0', text.size))
		return false;
	memcpy(digits, text.bytes, text.size);
	digits[text.size] = '\0';
	return number_parse_u32(digits, UINT32_MAX, ret_value) == 0;
}
