// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include "core/base/range_list.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/base/span.h"

static int parse_range(struct span text, uint32_t max, struct number_range *ret_range)
{
	struct span last = text, first;
	struct number_range range;

	if (!span_cut(&last, '-', &first) || !span_number(first, &range.first))
		return -EINVAL;
	range.last = range.first;
	if (first.size < text.size && !span_number(last, &range.last))
		return -EINVAL;
	if (range.last < range.first || range.last > max)
		return -EINVAL;
	*ret_range = range;
	return 0;
}

int range_list_parse(const char *text, uint32_t max, struct arena *arena, range_list *ret_list)
{
	struct span rest = span_trim((struct span){ text, strlen(text) }), part;
	bool is_empty = rest.size == 0;
	range_list list = { 0 };
	size_t parts = 1;

	for (size_t i = 0; i < rest.size; i++)
		parts += rest.bytes[i] == ',';
	list.items = arena_alloc(arena, parts * sizeof(*list.items));
	while (span_cut(&rest, ',', &part)) {
		if (parse_range(span_trim(part), max, &list.items[list.count]) < 0)
			return -EINVAL;
		list.count++;
	}
	/* span_cut() finds nothing behind a comma at the end. */
	if (!is_empty && list.count < parts)
		return -EINVAL;
	*ret_list = list;
	return 0;
}

void range_list_print(const range_list *list, struct strbuf *out)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct number_range *range = &list->items[i];

		strbuf_addf(out, "%s%" PRIu32, i ? "," : "", range->first);
		if (range->last > range->first)
			strbuf_addf(out, "-%" PRIu32, range->last);
	}
}
