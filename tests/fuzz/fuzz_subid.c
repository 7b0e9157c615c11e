// SPDX-License-Identifier: Apache-2.0
/* For all texts of /etc/subuid or getsubids the ranges that are read can be used. */
#include "rootless/subid.h"
#include "tests/fuzz/fuzz.h"

/* No id may occur twice, be (uid_t)-1 or get lost between the answers. */
static void check(const struct subid_ranges *ranges)
{
	if (ranges->count > SUBID_RANGES_MAX)
		abort();
	for (size_t i = 0; i < ranges->count; i++) {
		const struct subid_range *range = &ranges->items[i];

		if (range->count == 0 || (uint64_t)range->start + range->count > UINT32_MAX ||
		    !subid_covers(ranges, range->start, range->count, NULL))
			abort();
		for (size_t k = 0; k < i; k++)
			if ((uint64_t)range->start <
				    (uint64_t)ranges->items[k].start + ranges->items[k].count &&
			    (uint64_t)ranges->items[k].start <
				    (uint64_t)range->start + range->count)
				abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const char *text = (const char *)bytes;
	autostrbuf struct strbuf printed = { 0 };
	struct subid_ranges ranges;

	subid_parse(text, size, "ann", 1000, &ranges);
	check(&ranges);
	subid_print(&ranges, &printed);
	if (ranges.count > 0) {
		uint32_t id = ranges.items[size % ranges.count].start;

		subid_leave_out(&ranges, id);
		check(&ranges);
		if (subid_covers(&ranges, id, 1, NULL))
			abort();
	}
	subid_parse_getsubids(text, size, &ranges);
	check(&ranges);
	if (subid_first_free(text, size) < 100000)
		abort();
	return 0;
}
