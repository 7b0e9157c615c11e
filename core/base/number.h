/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_NUMBER_H
#define URUN_BASE_NUMBER_H

#include <stdint.h>

/*
 * Decimal digits and nothing else: no sign (but number_parse_i64 takes one '-'), no blank, no text
 * behind, no overflow, not empty.  Return 0, or -EINVAL, or -ERANGE above @max; *ret_value is
 * untouched on failure.
 */
int number_parse_u64(const char *text, uint64_t max, uint64_t *ret_value);
int number_parse_u32(const char *text, uint32_t max, uint32_t *ret_value);
int number_parse_i64(const char *text, int64_t min, int64_t max, int64_t *ret_value);

#endif
