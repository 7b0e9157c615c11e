// SPDX-License-Identifier: Apache-2.0
#include "core/base/utf8.h"

#include <stdint.h>
#include <string.h>

static bool in_range(unsigned char byte, unsigned char low, unsigned char high)
{
	return byte >= low && byte <= high;
}

size_t utf8_length(const unsigned char *bytes, size_t size)
{
	unsigned char first = bytes[0];
	unsigned char low = 0x80, high = 0xbf; /* of the second byte */
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

/* How many bytes at the start are ASCII; eight a step, as nearly all of them are. */
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
