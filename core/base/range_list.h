/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_RANGE_LIST_H
#define URUN_BASE_RANGE_LIST_H

#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/json.h"
#include "core/base/str.h"

/*
 * Sets of processors and memory nodes as people write them: "0-3,7".
 * Source: cpuset(7), "List format".
 */

/*
 * Parses numbers and ranges with commas between them; blanks may stand around each.  A text without
 * any is the empty list.  Returns 0 with the list in @arena, or -EINVAL: the text is no list, a
 * range runs backwards, or a number is above @max.
 */
int range_list_parse(const char *text, uint32_t max, struct arena *arena, range_list *ret_list);

/* Appends the list in the same form, its ranges in the order in which they were given. */
void range_list_print(const range_list *list, struct strbuf *out);

#endif
