// SPDX-License-Identifier: Apache-2.0
// Runs in: parent (all), init before pivot_root (the questions).
#include "rootless/idmap.h"

#include <errno.h>
#include <inttypes.h>

#include "core/base/fd.h"
#include "core/base/number.h"

/* The kernel prints at most 340 lines of three columns. */
#define IDMAP_TEXT_MAX (64u << 10)

static bool spans_overlap(uint32_t a, uint32_t a_count, uint32_t b, uint32_t b_count)
{
	return (uint64_t)a < (uint64_t)b + b_count && (uint64_t)b < (uint64_t)a + a_count;
}

int idmap_add(struct idmap *map, uint32_t inner, uint32_t outer, uint32_t count)
{
	if (count == 0 || (uint64_t)inner + count > IDMAP_ID_END ||
	    (uint64_t)outer + count > IDMAP_ID_END)
		return -EINVAL;
	for (size_t i = 0; i < map->count; i++) {
		const struct id_range *range = &map->ranges[i];

		if (spans_overlap(range->inner, range->count, inner, count) ||
		    spans_overlap(range->outer, range->count, outer, count))
			return -EINVAL;
	}
	if (map->count == IDMAP_RANGES_MAX)
		return -E2BIG;
	map->ranges[map->count++] = (struct id_range){ inner, outer, count };
	return 0;
}

int idmap_from_config(const config_id_mappings *mappings, const char *field, struct idmap *ret_map,
		      struct error *err)
{
	struct idmap map = { 0 };

	if (mappings->count > IDMAP_RANGES_MAX)
		return error_set(err, 0, "%s: %zu mappings, and the kernel takes %d", field,
				 mappings->count, IDMAP_RANGES_MAX);
	for (size_t i = 0; i < mappings->count; i++) {
		const struct config_id_mapping *given = &mappings->items[i];
		uint64_t inner = given->inner.value, outer = given->outer.value,
			 count = given->count.value;

		if (count == 0)
			return error_set(err, 0, "%s[%zu].size: must be above 0", field, i);
		if (inner > IDMAP_ID_END || outer > IDMAP_ID_END || count > IDMAP_ID_END ||
		    inner + count > IDMAP_ID_END || outer + count > IDMAP_ID_END)
			return error_set(err, 0, "%s[%zu]: ids above %" PRIu32, field, i,
					 IDMAP_ID_END - 1);
		if (idmap_add(&map, (uint32_t)inner, (uint32_t)outer, (uint32_t)count) < 0)
			return error_set(err, 0, "%s[%zu]: overlaps an earlier mapping", field, i);
	}
	*ret_map = map;
	return 0;
}

/*
 * Reads the next number of a line.  Blanks divide the numbers.  Without a number *cursor is
 * unchanged.
 */
static int next_number(const char **cursor, const char *end, uint32_t *ret_value)
{
	const char *at = *cursor;
	char digits[12];
	size_t length = 0;

	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	while (at < end && *at >= '0' && *at <= '9' && length < sizeof(digits) - 1)
		digits[length++] = *at++;
	digits[length] = '\0';
	if (number_parse_u32(digits, UINT32_MAX, ret_value) < 0)
		return -EINVAL;
	*cursor = at;
	return 0;
}

int idmap_parse(const char *bytes, size_t size, struct idmap *ret_map)
{
	const char *at = bytes, *end = bytes + size;
	struct idmap map = { 0 };

	while (at < end) {
		uint32_t inner, outer, count;

		if (next_number(&at, end, &inner) < 0 || next_number(&at, end, &outer) < 0 ||
		    next_number(&at, end, &count) < 0 || (at < end && *at != '\n'))
			return -EINVAL;
		/*
		 * The kernel prints the outer id -1 for each range that doesn't exist in our user
		 * namespace.  We can't use these ranges, and they would overlap each other.
		 */
		if (outer != UINT32_MAX && idmap_add(&map, inner, outer, count) < 0)
			return -EINVAL;
		at++;
	}
	*ret_map = map;
	return 0;
}

int idmap_load(const char *path, struct idmap *ret_map, struct error *err)
{
	autofree char *text = NULL;
	size_t size;
	int result;

	result = fd_read_file(path, IDMAP_TEXT_MAX, &text, &size);
	if (result < 0)
		return error_set(err, -result, "read %s", path);
	if (idmap_parse(text, size, ret_map) < 0)
		return error_set(err, 0, "%s: not an id mapping as the kernel prints it", path);
	return 0;
}

int idmap_identity_of_current(const char *path, struct idmap *ret_map, struct error *err)
{
	if (idmap_load(path, ret_map, err) < 0)
		return -1;
	if (ret_map->count == 0)
		return error_set(err, 0, "%s is empty: no id of this user namespace can be used",
				 path);
	for (size_t i = 0; i < ret_map->count; i++)
		ret_map->ranges[i].outer = ret_map->ranges[i].inner;
	return 0;
}

int idmap_to_outer(const struct idmap *map, uint32_t id, uint32_t *ret_outer)
{
	for (size_t i = 0; i < map->count; i++) {
		const struct id_range *range = &map->ranges[i];

		if (id >= range->inner && id - range->inner < range->count) {
			*ret_outer = range->outer + (id - range->inner);
			return 0;
		}
	}
	return -ENOENT;
}

bool idmap_maps_inner(const struct idmap *map, uint32_t id)
{
	uint32_t outer;

	return idmap_to_outer(map, id, &outer) == 0;
}

bool idmap_maps_outer(const struct idmap *map, uint32_t id)
{
	for (size_t i = 0; i < map->count; i++)
		if (id >= map->ranges[i].outer && id - map->ranges[i].outer < map->ranges[i].count)
			return true;
	return false;
}

bool idmap_maps_inner_range(const struct idmap *map, uint32_t first, uint32_t count,
			    uint32_t *ret_missing)
{
	uint64_t next = first, end = (uint64_t)first + count;

	for (size_t i = 0; i < map->count && next < end; i++) {
		const struct id_range *range = &map->ranges[i];

		if (next < range->inner || next - range->inner >= range->count)
			continue;
		next = (uint64_t)range->inner + range->count;
		i = (size_t)-1; /* the next range may stand earlier in the map */
	}
	if (next < end && ret_missing)
		*ret_missing = (uint32_t)next;
	return next >= end;
}

bool idmap_is_single(const struct idmap *map, uint32_t outer)
{
	return map->count == 1 && map->ranges[0].count == 1 && map->ranges[0].outer == outer;
}

/* Does @map map each id of @range as @range does? */
static bool maps_range(const struct idmap *map, const struct id_range *range)
{
	uint64_t next = range->inner, end = next + range->count;

	while (next < end) {
		const struct id_range *found = NULL;

		for (size_t i = 0; i < map->count && !found; i++)
			if (next >= map->ranges[i].inner &&
			    next - map->ranges[i].inner < map->ranges[i].count)
				found = &map->ranges[i];
		if (!found || found->outer - found->inner != range->outer - range->inner)
			return false;
		next = (uint64_t)found->inner + found->count;
	}
	return true;
}

bool idmap_equal(const struct idmap *map, const struct idmap *other)
{
	if (idmap_total(map) != idmap_total(other))
		return false;
	for (size_t i = 0; i < map->count; i++)
		if (!maps_range(other, &map->ranges[i]))
			return false;
	return true;
}

uint64_t idmap_total(const struct idmap *map)
{
	uint64_t total = 0;

	for (size_t i = 0; i < map->count; i++)
		total += map->ranges[i].count;
	return total;
}

static void print_ranges(const struct idmap *map, const char *between, struct strbuf *out)
{
	for (size_t i = 0; i < map->count; i++)
		strbuf_addf(out, "%s%" PRIu32 " %" PRIu32 " %" PRIu32, i ? between : "",
			    map->ranges[i].inner, map->ranges[i].outer, map->ranges[i].count);
}

void idmap_print(const struct idmap *map, struct strbuf *out)
{
	if (map->count == 0)
		strbuf_add_str(out, "empty");
	print_ranges(map, ", ", out);
}

void idmap_print_lines(const struct idmap *map, struct strbuf *out)
{
	print_ranges(map, "\n", out);
	if (map->count > 0)
		strbuf_add_str(out, "\n");
}
