// SPDX-License-Identifier: Apache-2.0
/* A uid_map or gid_map as text.  The owner of a process that urun joins chooses its maps. */
#include "rootless/idmap.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	autostrbuf struct strbuf printed = { 0 }, told = { 0 };
	autofree struct idmap *map = mem_alloc(sizeof(*map)), *again = mem_alloc(sizeof(*again));
	uint64_t total = 0;

	if (idmap_parse((const char *)bytes, size, map) < 0) {
		fuzz_demand(map->count == 0, "a map that is refused is left alone");
		return 0;
	}
	fuzz_demand(map->count <= IDMAP_RANGES_MAX, "ranges are bounded");
	for (size_t i = 0; i < map->count; i++) {
		const struct id_range *range = &map->ranges[i];
		uint32_t outer, last = range->inner + range->count - 1;

		total += range->count;
		fuzz_demand(idmap_maps_inner_range(map, range->inner, range->count, NULL),
			    "a range's ids are mapped");
		fuzz_demand(idmap_to_outer(map, last, &outer) == 0 &&
				    outer == range->outer + range->count - 1 &&
				    idmap_maps_outer(map, outer),
			    "the last id of a range is where it belongs");
	}
	fuzz_demand(idmap_total(map) == total, "no range overlaps another");
	idmap_print(map, &told);
	idmap_print_lines(map, &printed);
	if (map->count == 0)
		return 0;
	fuzz_demand(idmap_parse(printed.bytes, printed.size, again) == 0 &&
			    again->count == map->count &&
			    memcmp(again->ranges, map->ranges, sizeof(map->ranges)) == 0,
		    "what was printed is the same map");
	return 0;
}
