/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_UTF8_H
#define URUN_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/str.h"

/*
 * Returns how many bytes (1..4) the well-formed character at the start of @bytes has; 0 for
 * malformed bytes: overlong forms, surrogates, above U+10FFFF, cut short.  @size is not 0.  Source:
 * The Unicode Standard, table 3-7.
 */
size_t utf8_length(const unsigned char *bytes, size_t size);

bool utf8_is_valid(const unsigned char *bytes, size_t size);

/* How wide @size bytes of printable text are on a terminal: each character is one column. */
size_t utf8_columns(const char *text, size_t size);

/* The number of the character at the start of @bytes, of which utf8_length() says @length. */
uint32_t utf8_decode(const unsigned char *bytes, size_t length);

/*
 * False for characters that a terminal doesn't show: control characters (C0, DEL, C1), line and
 * paragraph separators, marks of direction, characters without width.  They can steer a terminal,
 * forge a line, or make a text look like another.
 * Source: The Unicode Standard, general categories Cc, Cf, Zl and Zp; Unicode TR 36, section 2.
 */
bool utf8_is_printable(uint32_t code);

/*
 * Appends @text, which may come from outside, as one printable line: with \xHH in place of each
 * control character and of each byte that is no UTF-8, and with \uHHHH or \UHHHHHHHH in place of each
 * other character that isn't printable.  bash reads these in $'…', so the reader can use the name of
 * a file.
 */
void utf8_escape(const char *text, struct strbuf *out);

#endif
