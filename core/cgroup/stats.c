// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/cgroup/stats.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/base/directory.h"
#include "core/base/fd.h"
#include "core/base/number.h"
#include "core/base/span.h"
#include "core/cgroup/tree.h"

/* Reads a file that has one number; "max" becomes the largest number of 64 bits. */
static bool read_number(const char *path, const char *file, uint64_t *ret_value)
{
	autofree char *text = cgroup_read(path, file);

	if (!text)
		return false;
	text[strcspn(text, "\n")] = '\0';
	if (strcmp(text, "max") == 0) {
		*ret_value = UINT64_MAX;
		return true;
	}
	return number_parse_u64(text, UINT64_MAX, ret_value) == 0;
}

/* The number behind @key in a text of lines "key number". */
static uint64_t number_of(const char *text, const char *key)
{
	struct span rest = { text ? text : "", text ? strlen(text) : 0 }, line, name;
	uint64_t value = 0;

	while (span_cut(&rest, '\n', &line))
		if (span_cut(&line, ' ', &name) && span_is(name, key)) {
			autofree char *digits = str_dup_n(line.bytes, line.size);

			return number_parse_u64(digits, UINT64_MAX, &value) == 0 ? value : 0;
		}
	return 0;
}

static void print_cpu(const char *path, struct strbuf *out)
{
	autofree char *stat = cgroup_read(path, "cpu.stat");

	if (!stat)
		return;
	strbuf_addf(out,
		    "\"cpu\":{\"usage\":{\"total\":%" PRIu64 ",\"kernel\":%" PRIu64
		    ",\"user\":%" PRIu64 "},\"throttling\":{\"periods\":%" PRIu64
		    ",\"throttledPeriods\":%" PRIu64 ",\"throttledTime\":%" PRIu64 "}},",
		    number_of(stat, "usage_usec") * 1000, number_of(stat, "system_usec") * 1000,
		    number_of(stat, "user_usec") * 1000, number_of(stat, "nr_periods"),
		    number_of(stat, "nr_throttled"), number_of(stat, "throttled_usec") * 1000);
}

static void print_usage(const char *path, const char *name, const char *prefix, struct strbuf *out)
{
	autofree char *current = str_format("%s.current", prefix);
	autofree char *max = str_format("%s.max", prefix);
	autofree char *peak = str_format("%s.peak", prefix);
	autofree char *events_file = str_format("%s.events", prefix);
	autofree char *events = cgroup_read(path, events_file);
	uint64_t used, limit = UINT64_MAX, highest;

	if (!read_number(path, current, &used))
		return;
	read_number(path, max, &limit);
	if (!read_number(path, peak, &highest))
		highest = used;
	strbuf_addf(out,
		    "\"%s\":{\"usage\":%" PRIu64 ",\"limit\":%" PRIu64 ",\"max\":%" PRIu64
		    ",\"failcnt\":%" PRIu64 "},",
		    name, used, limit, highest, number_of(events, "max"));
}

/* memory.stat, unchanged. */
static void print_raw_memory(const char *path, struct strbuf *out)
{
	autofree char *stat = cgroup_read(path, "memory.stat");
	struct span rest = { stat ? stat : "", stat ? strlen(stat) : 0 }, line, name;
	bool first = true;

	strbuf_add_str(out, "\"raw\":{");
	while (span_cut(&rest, '\n', &line))
		if (span_cut(&line, ' ', &name)) {
			strbuf_addf(out, "%s\"%.*s\":%.*s", first ? "" : ",", (int)name.size,
				    name.bytes, (int)line.size, line.bytes);
			first = false;
		}
	strbuf_add_str(out, "}");
}

static void print_memory(const char *path, struct strbuf *out)
{
	uint64_t used;

	if (!read_number(path, "memory.current", &used))
		return;
	strbuf_add_str(out, "\"memory\":{");
	print_usage(path, "usage", "memory", out);
	print_usage(path, "swap", "memory.swap", out);
	print_raw_memory(path, out);
	strbuf_add_str(out, "},");
}

static void print_pid_count(const char *path, struct strbuf *out)
{
	uint64_t current, limit = UINT64_MAX;

	if (!read_number(path, "pids.current", &current))
		return;
	read_number(path, "pids.max", &limit);
	/* In runc's words, 0 means "no limit". */
	strbuf_addf(out, "\"pids\":{\"current\":%" PRIu64 ",\"limit\":%" PRIu64 "},", current,
		    limit == UINT64_MAX ? 0 : limit);
}

/* "8:0 rbytes=1 wbytes=2 …": an entry for each device and operation. */
static void print_io_line(struct span line, bool bytes, bool *first, struct strbuf *out)
{
	struct span device, major, part, key;

	if (!span_cut(&line, ' ', &device) || !span_cut(&device, ':', &major))
		return;
	while (span_cut(&line, ' ', &part)) {
		const char *op = NULL;

		if (!span_cut(&part, '=', &key))
			continue;
		if (span_is(key, bytes ? "rbytes" : "rios"))
			op = "Read";
		else if (span_is(key, bytes ? "wbytes" : "wios"))
			op = "Write";
		else if (span_is(key, bytes ? "dbytes" : "dios"))
			op = "Discard";
		if (!op)
			continue;
		strbuf_addf(out, "%s{\"major\":%.*s,\"minor\":%.*s,\"op\":\"%s\",\"value\":%.*s}",
			    *first ? "" : ",", (int)major.size, major.bytes, (int)device.size,
			    device.bytes, op, (int)part.size, part.bytes);
		*first = false;
	}
}

static void print_io(const char *path, struct strbuf *out)
{
	autofree char *stat = cgroup_read(path, "io.stat");

	if (!stat)
		return;
	strbuf_add_str(out, "\"blkio\":{");
	for (int bytes = 1; bytes >= 0; bytes--) {
		struct span rest = { stat, strlen(stat) }, line;
		bool first = true;

		strbuf_addf(out, "\"%s\":[",
			    bytes ? "ioServiceBytesRecursive" : "ioServicedRecursive");
		while (span_cut(&rest, '\n', &line))
			print_io_line(line, bytes, &first, out);
		strbuf_add_str(out, bytes ? "]," : "]");
	}
	strbuf_add_str(out, "},");
}

/* ---- huge pages: a set of files for each page size of the machine ---- */

#define PAGE_SIZES	 "/sys/kernel/mm/hugepages"
#define PAGE_SIZE_PREFIX "hugepages-"

char *cgroup_page_size_name(const char *directory)
{
	static const char *const units[] = { "KB", "MB", "GB" };
	size_t prefix = strlen(PAGE_SIZE_PREFIX), unit = 0;
	autofree char *digits = NULL;
	uint64_t kib;
	size_t length;

	if (!str_starts_with(directory, PAGE_SIZE_PREFIX))
		return NULL;
	directory += prefix;
	length = strspn(directory, "0123456789");
	if (strcmp(directory + length, "kB") != 0)
		return NULL;
	digits = str_dup_n(directory, length);
	if (number_parse_u64(digits, UINT64_MAX, &kib) < 0 || kib == 0)
		return NULL;
	for (; unit + 1 < ARRAY_SIZE(units) && kib >= 1024; kib /= 1024)
		unit++;
	return str_format("%" PRIu64 "%s", kib, units[unit]);
}

static bool print_page_size(const char *path, const char *size, bool first, struct strbuf *out)
{
	autofree char *current = str_format("hugetlb.%s.current", size);
	autofree char *max = str_format("hugetlb.%s.max", size);
	autofree char *events_file = str_format("hugetlb.%s.events", size);
	autofree char *events = NULL;
	uint64_t used, limit = UINT64_MAX;

	if (!read_number(path, current, &used))
		return false;
	read_number(path, max, &limit);
	events = cgroup_read(path, events_file);
	strbuf_addf(out,
		    "%s\"%s\":{\"usage\":%" PRIu64 ",\"max\":%" PRIu64 ",\"failcnt\":%" PRIu64 "}",
		    first ? "" : ",", size, used, limit, number_of(events, "max"));
	return true;
}

/* Printed even if empty, so that a reader finds the member also where the controller is off. */
static void print_hugetlb(const char *path, struct strbuf *out)
{
	autodir DIR *sizes = opendir(PAGE_SIZES);
	struct dirent *entry;
	bool first = true;

	strbuf_add_str(out, "\"hugetlb\":{");
	while (sizes && (entry = readdir(sizes))) {
		autofree char *size = cgroup_page_size_name(entry->d_name);

		if (size && print_page_size(path, size, first, out))
			first = false;
	}
	strbuf_add_str(out, "}");
}

void cgroup_print_stats(const char *path, struct strbuf *out)
{
	strbuf_add_str(out, "{");
	print_cpu(path, out);
	print_memory(path, out);
	print_pid_count(path, out);
	print_io(path, out);
	print_hugetlb(path, out);
	strbuf_add_str(out, "}");
}

unsigned long long cgroup_oom_kills(const char *path)
{
	autofree char *events = cgroup_read(path, "memory.events");

	return number_of(events, "oom_kill");
}

void cgroup_open_memory_events(const char *path, int *ret_own, int *ret_above)
{
	autoclose int cgroup = cgroup_open(path);

	*ret_own = openat(cgroup, "memory.events", O_RDONLY | O_CLOEXEC);
	*ret_above = openat(cgroup, "../memory.events", O_RDONLY | O_CLOEXEC);
}

bool cgroup_read_usage(const char *path, struct cgroup_usage *ret_usage)
{
	autofree char *stat = cgroup_read(path, "cpu.stat");
	struct cgroup_usage usage = { .memory_limit = UINT64_MAX };

	if (!stat)
		return false;
	usage.cpu_us = number_of(stat, "usage_usec");
	usage.has_memory = read_number(path, "memory.current", &usage.memory);
	read_number(path, "memory.max", &usage.memory_limit);
	*ret_usage = usage;
	return true;
}
