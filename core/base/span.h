/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_SPAN_H
#define URUN_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A piece of a text: not ended by NUL, and the text's owner owns it. */
struct span {
	const char *bytes;
	size_t size;
};

/*
 * Cuts the text up to @divider (or to its end) off the front of *@rest; false at the end of the
 * text.
 */
bool span_cut(struct span *rest, char divider, struct span *ret_part);

/* Without blanks at both ends. */
struct span span_trim(struct span text);

bool span_same(struct span a, struct span b);

/* Is it that word?  False for NULL. */
bool span_is(struct span text, const char *word);

/* Is it one of the words of @text, which blanks and line ends divide? */
bool span_has_word(struct span text, const char *word);

/* A decimal number and nothing else. */
bool span_number(struct span text, uint32_t *ret_value);

#endif
