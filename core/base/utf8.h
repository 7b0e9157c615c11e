/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_UTF8_H
#define URUN_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The length (1..4) of the well-formed character at the start of @bytes; 0 where there is none:
 * overlong forms, surrogates, above U+10FFFF, cut short.  @size is not 0. Source: The Unicode
 * Standard, table 3-7.
 */
size_t utf8_length(const unsigned char *bytes, size_t size);

bool utf8_is_valid(const unsigned char *bytes, size_t size);

#endif
