// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "rootless/subid.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "core/base/ask.h"
#include "core/base/fd.h"
#include "core/base/span.h"
#include "rootless/host.h"

/* Large sites have a line for each user. */
#define SUBID_FILE_MAX	  (16u << 20)
#define NSSWITCH_FILE_MAX (64u << 10)

/* (uid_t)-1 is no id. */
#define SUBID_END UINT32_MAX

/* The number of ids that useradd gives.  Source: login.defs(5), SUB_UID_COUNT. */
#define SUBID_COUNT 65536u

char subid_letter(enum subid_kind kind)
{
	return kind == SUBID_UID ? 'u' : 'g';
}

/* Adds start … end-1 without the ids that a range has already. */
static void ranges_add(struct subid_ranges *ranges, uint64_t start, uint64_t end)
{
	for (size_t i = 0; i < ranges->count; i++) {
		uint64_t have_start = ranges->items[i].start;
		uint64_t have_end = have_start + ranges->items[i].count;

		if (end <= have_start || start >= have_end)
			continue;
		if (start < have_start)
			ranges_add(ranges, start, have_start);
		if (end <= have_end)
			return;
		start = have_end;
	}
	if (ranges->count < SUBID_RANGES_MAX)
		ranges->items[ranges->count++] =
			(struct subid_range){ (uint32_t)start, (uint32_t)(end - start) };
}

static bool range_is_valid(uint32_t start, uint32_t count)
{
	return count > 0 && (uint64_t)start + count <= SUBID_END;
}

/* Parses owner:start:count.  False for a line of another form. */
static bool parse_subid_line(struct span line, struct span *ret_owner, uint32_t *ret_start,
			     uint32_t *ret_count)
{
	struct span start, count;

	line = span_trim(line);
	if (line.size == 0 || line.bytes[0] == '#')
		return false;
	if (!span_cut(&line, ':', ret_owner) || ret_owner->size == 0 ||
	    !span_cut(&line, ':', &start) || !span_cut(&line, '\n', &count))
		return false;
	return span_number(start, ret_start) && span_number(count, ret_count) &&
	       range_is_valid(*ret_start, *ret_count);
}

void subid_parse(const char *bytes, size_t size, const char *name, uid_t uid,
		 struct subid_ranges *ret_ranges)
{
	struct span rest = { bytes, size }, line, owner;
	struct subid_ranges ranges = { .count = 0 };
	uint32_t start, count;
	char number[16];

	snprintf(number, sizeof(number), "%" PRIu32, (uint32_t)uid);
	while (ranges.count < SUBID_RANGES_MAX && span_cut(&rest, '\n', &line))
		if (parse_subid_line(line, &owner, &start, &count) &&
		    (span_is(owner, name) || span_is(owner, number)))
			ranges_add(&ranges, start, (uint64_t)start + count);
	*ret_ranges = ranges;
}

void subid_parse_getsubids(const char *bytes, size_t size, struct subid_ranges *ret_ranges)
{
	struct span rest = { bytes, size }, line, index, owner, start_text, count_text;
	struct subid_ranges ranges = { .count = 0 };
	uint32_t start, count;

	while (ranges.count < SUBID_RANGES_MAX && span_cut(&rest, '\n', &line)) {
		line = span_trim(line);
		if (!span_cut(&line, ' ', &index) || index.size < 2 ||
		    index.bytes[index.size - 1] != ':' || !span_cut(&line, ' ', &owner) ||
		    !span_cut(&line, ' ', &start_text) || !span_cut(&line, '\n', &count_text))
			continue;
		if (span_number(start_text, &start) && span_number(count_text, &count) &&
		    range_is_valid(start, count))
			ranges_add(&ranges, start, (uint64_t)start + count);
	}
	*ret_ranges = ranges;
}

void subid_leave_out(struct subid_ranges *ranges, uint32_t id)
{
	for (size_t i = 0; i < ranges->count; i++) {
		struct subid_range old = ranges->items[i];
		struct subid_range below = { old.start, id - old.start };
		struct subid_range above = { id + 1, old.count - 1 - (id - old.start) };

		if (id < old.start || id - old.start >= old.count)
			continue;
		memmove(&ranges->items[i], &ranges->items[i + 1],
			(ranges->count - i - 1) * sizeof(old));
		ranges->count--;
		for (int half = 0; half < 2; half++) {
			struct subid_range piece =
				half == 0 ? above : below; /* inserted last, so in front */

			if (piece.count == 0 || ranges->count == SUBID_RANGES_MAX)
				continue;
			memmove(&ranges->items[i + 1], &ranges->items[i],
				(ranges->count - i) * sizeof(old));
			ranges->items[i] = piece;
			ranges->count++;
		}
		return;
	}
}

bool subid_covers(const struct subid_ranges *ranges, uint32_t first, uint32_t count,
		  uint32_t *ret_missing)
{
	uint64_t next = first, end = (uint64_t)first + count;

	for (size_t i = 0; i < ranges->count && next < end; i++) {
		const struct subid_range *range = &ranges->items[i];

		if (next < range->start || next - range->start >= range->count)
			continue;
		next = (uint64_t)range->start + range->count;
		i = (size_t)-1; /* the next range may stand earlier in the list */
	}
	if (next < end && ret_missing)
		*ret_missing = (uint32_t)next;
	return next >= end;
}

void subid_print(const struct subid_ranges *ranges, struct strbuf *out)
{
	if (ranges->count == 0)
		strbuf_add_str(out, "none");
	for (size_t i = 0; i < ranges->count; i++)
		strbuf_addf(out, "%s%" PRIu32 "-%" PRIu32, i ? ", " : "", ranges->items[i].start,
			    ranges->items[i].start + (ranges->items[i].count - 1));
}

uint32_t subid_first_free(const char *bytes, size_t size)
{
	struct span rest = { bytes, size }, line, owner;
	uint64_t free_from = SUBID_FIRST;
	uint32_t start, count;

	while (span_cut(&rest, '\n', &line))
		if (parse_subid_line(line, &owner, &start, &count) &&
		    (uint64_t)start + count > free_from)
			free_from = (uint64_t)start + count;
	/*
	 * Above the highest ids there is no room for a range.  Then suggest the usual first id, for
	 * a person to judge.
	 */
	return free_from + SUBID_COUNT <= SUBID_END ? (uint32_t)free_from : SUBID_FIRST;
}

static char *subid_path(enum subid_kind kind, const char *root)
{
	return str_format("%s/etc/sub%cid", root, subid_letter(kind));
}

uint32_t subid_first_free_on(enum subid_kind kind, const char *root)
{
	autofree char *path = subid_path(kind, root);
	autofree char *text = NULL;
	size_t size = 0;

	if (fd_read_file(path, SUBID_FILE_MAX, &text, &size) < 0)
		return SUBID_FIRST;
	return subid_first_free(text, size);
}

/* Without this line getsubids reads the same files again, and the other tools of shadow do too. */
bool subid_has_other_source(const char *root)
{
	autofree char *path = str_format("%s/etc/nsswitch.conf", root);
	autofree char *text = NULL;
	struct span rest, line;
	size_t size;

	if (fd_read_file(path, NSSWITCH_FILE_MAX, &text, &size) < 0)
		return false;
	rest = (struct span){ text, size };
	while (span_cut(&rest, '\n', &line)) {
		struct span key;

		line = span_trim(line);
		if (!span_cut(&line, ':', &key) || !span_is(span_trim(key), "subid"))
			continue;
		line = span_trim(line);
		return line.size > 0 && !span_is(line, "files");
	}
	return false;
}

/*
 * Asks getsubids.  The exit status isn't looked at, since the program fails without output for a
 * user without a range too.
 */
static int ask_getsubids(enum subid_kind kind, const char *path, const char *user,
			 struct subid_ranges *ret_ranges, struct error *err)
{
	char *argv[] = { (char *)path, (char *)"-g", (char *)user, NULL };
	char *argv_uid[] = { (char *)path, (char *)user, NULL };
	autostrbuf struct strbuf output = { 0 };

	if (ask_program(path, kind == SUBID_GID ? argv : argv_uid, &output, err) < 0)
		return -1;
	subid_parse_getsubids(output.bytes ? output.bytes : "", output.size, ret_ranges);
	return 0;
}

int subid_load(enum subid_kind kind, const char *root, const char *name, uid_t uid,
	       struct subid_ranges *ret_ranges, struct error *err)
{
	autofree char *path = subid_path(kind, root);
	struct host host = { .root = root };
	char program[HOST_PATH_SIZE], number[16];
	autofree char *text = NULL;
	struct subid_ranges ranges;
	size_t size = 0;
	int result;

	result = fd_read_file(path, SUBID_FILE_MAX, &text, &size);
	if (result < 0 && result != -ENOENT)
		return error_set(err, -result, "read %s", path);
	subid_parse(text ? text : "", size, name, uid, &ranges);
	if (ranges.count == 0 && subid_has_other_source(root) &&
	    host_find_program(&host, "getsubids", program)) {
		snprintf(number, sizeof(number), "%" PRIu32, (uint32_t)uid);
		return ask_getsubids(kind, program, name ? name : number, ret_ranges, err);
	}
	*ret_ranges = ranges;
	return 0;
}
