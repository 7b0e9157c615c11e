// SPDX-License-Identifier: Apache-2.0
#include "core/base/nearest.h"

#include <stdbool.h>

#include "core/base/str.h"

/* Longer words are nobody's slip of the finger, and rows of this length fit the stack. */
#define WORD_MAX 40

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

struct nearest nearest_begin(const char *word)
{
	size_t length = strlen(word);
	size_t bound = length < 3 ? 1 : (length + 1) / 3;

	return (struct nearest){ .word = word, .distance = bound + 1 };
}

/* Edits between two words of WORD_MAX letters at most, by the usual table with three rows. */
static size_t edits(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b_length; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		size_t *oldest = before;

		before = above;
		above = row;
		row = oldest;
		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			row[j] = least(least(above[j], row[j - 1]) + 1,
				       above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
	}
	return row[b_length];
}

void nearest_try(struct nearest *nearest, const char *name)
{
	size_t length = strlen(nearest->word), name_length = strlen(name), distance;
	bool begins;

	if (length == 0 || length > WORD_MAX || name_length > WORD_MAX)
		return;
	distance = edits(nearest->word, length, name, name_length);
	begins = nearest->name && str_starts_with(name, nearest->word) &&
		 !str_starts_with(nearest->name, nearest->word);
	if (distance < nearest->distance || (distance == nearest->distance && begins)) {
		nearest->name = name;
		nearest->distance = distance;
	}
}
