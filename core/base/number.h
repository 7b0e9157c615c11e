/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_NUMBER_H
#define URUN_BASE_NUMBER_H

#include <stdint.h>

/*
 * Parse decimal digits and nothing else: no sign (but number_parse_i64 takes one '-'), no blank, no
 * trailing text, no overflow, no empty text.  Return 0, -EINVAL, or -ERANGE above @max; on failure
 * *ret_value is untouched.
 */
int number_parse_u64(const char *text, uint64_t max, uint64_t *ret_value);
int number_parse_u32(const char *text, uint32_t max, uint32_t *ret_value);
int number_parse_i64(const char *text, int64_t min, int64_t max, int64_t *ret_value);

#endif
