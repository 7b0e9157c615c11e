/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_SPAN_H
#define URUN_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A piece of a text: without a NUL at its end; the memory belongs to the text's owner. */
struct span {
	const char *bytes;
	size_t size;
};

/*
 * Cuts the text up to @divider (or to its end) off the front of *@rest; false at the end of the
 * text.
 */
bool span_cut(struct span *rest, char divider, struct span *ret_part);

/* Cuts off blanks at both ends. */
struct span span_trim(struct span text);

bool span_same(struct span a, struct span b);

/* Is the span this word?  False for NULL. */
bool span_is(struct span text, const char *word);

/* Is @word one of the words of @text, which blanks and line ends divide? */
bool span_has_word(struct span text, const char *word);

/* Reads a decimal number; false where the text is anything else. */
bool span_number(struct span text, uint32_t *ret_value);

#endif
