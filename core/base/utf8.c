// SPDX-License-Identifier: Apache-2.0
#include "core/base/utf8.h"

#include <stdint.h>
#include <string.h>

#include "core/base/str.h"

static bool in_range(unsigned char byte, unsigned char low, unsigned char high)
{
	return byte >= low && byte <= high;
}

size_t utf8_length(const unsigned char *bytes, size_t size)
{
	unsigned char first = bytes[0];
	unsigned char low = 0x80, high = 0xbf; /* range of the second byte */
	size_t length;

	if (first < 0x80)
		return 1;
	if (in_range(first, 0xc2, 0xdf))
		length = 2;
	else if (in_range(first, 0xe0, 0xef))
		length = 3;
	else if (in_range(first, 0xf0, 0xf4))
		length = 4;
	else
		return 0;
	if (first == 0xe0)
		low = 0xa0;
	else if (first == 0xed)
		high = 0x9f;
	else if (first == 0xf0)
		low = 0x90;
	else if (first == 0xf4)
		high = 0x8f;
	if (size < length || !in_range(bytes[1], low, high))
		return 0;
	for (size_t i = 2; i < length; i++)
		if (!in_range(bytes[i], 0x80, 0xbf))
			return 0;
	return length;
}

/*
 * How many bytes at the start are ASCII.  Looks at eight bytes a step, since nearly all are ASCII.
 */
static size_t ascii_length(const unsigned char *bytes, size_t size)
{
	size_t done = 0;
	uint64_t eight;

	while (size - done >= sizeof(eight)) {
		memcpy(&eight, bytes + done, sizeof(eight));
		if (eight & 0x8080808080808080)
			break;
		done += sizeof(eight);
	}
	while (done < size && bytes[done] < 0x80)
		done++;
	return done;
}

bool utf8_is_valid(const unsigned char *bytes, size_t size)
{
	size_t done = ascii_length(bytes, size);

	while (done < size) {
		size_t length = utf8_length(bytes + done, size - done);

		if (length == 0)
			return false;
		done += length;
		done += ascii_length(bytes + done, size - done);
	}
	return true;
}

/*
 * Ranges that are not printable; U+E0000 and the following are tags, which are invisible letters.
 */
static const struct {
	uint32_t first;
	uint32_t last;
} unprintable[] = {
	{ 0x0000, 0x001f },   { 0x007f, 0x009f },   { 0x00ad, 0x00ad },	  { 0x0600, 0x0605 },
	{ 0x061c, 0x061c },   { 0x06dd, 0x06dd },   { 0x070f, 0x070f },	  { 0x180e, 0x180e },
	{ 0x200b, 0x200f },   { 0x2028, 0x202e },   { 0x2060, 0x206f },	  { 0xfeff, 0xfeff },
	{ 0xfff9, 0xfffb },   { 0x13430, 0x1345f }, { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a },
	{ 0xe0000, 0xe007f },
};

size_t utf8_columns(const char *text, size_t size)
{
	size_t columns = 0;

	for (size_t i = 0; i < size; i++)
		columns += ((unsigned char)text[i] & 0xc0) != 0x80;
	return columns;
}

uint32_t utf8_decode(const unsigned char *bytes, size_t length)
{
	static const unsigned char first_bits[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t code = bytes[0] & first_bits[length];

	for (size_t i = 1; i < length; i++)
		code = code << 6 | (bytes[i] & 0x3f);
	return code;
}

bool utf8_is_printable(uint32_t code)
{
	for (size_t i = 0; i < ARRAY_SIZE(unprintable); i++)
		if (code >= unprintable[i].first && code <= unprintable[i].last)
			return false;
	return true;
}

static void escape_character(const unsigned char *bytes, size_t length, struct strbuf *out)
{
	uint32_t code = length ? utf8_decode(bytes, length) : bytes[0];

	if (length <= 1 && (length == 0 || !utf8_is_printable(code)))
		strbuf_addf(out, "\\x%02x", code);
	else if (utf8_is_printable(code))
		strbuf_add(out, bytes, length);
	else if (code <= 0xffff)
		strbuf_addf(out, "\\u%04x", code);
	else
		strbuf_addf(out, "\\U%08x", code);
}

void utf8_escape(const char *text, struct strbuf *out)
{
	const unsigned char *from = (const unsigned char *)text;
	size_t left = strlen(text);

	/* An empty text is a text, too. */
	strbuf_add(out, "", 0);
	while (left) {
		size_t length = utf8_length(from, left);
		size_t step = length ? length : 1;

		escape_character(from, length, out);
		from += step;
		left -= step;
	}
}
