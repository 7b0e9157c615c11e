// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/spec/masked.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/directory.h"
#include "core/base/number.h"
#include "core/base/str.h"

static const char *const everywhere[] = {
	"/proc/acpi",
	"/proc/asound",
	"/proc/interrupts",
	"/proc/kcore",
	"/proc/keys",
	"/proc/latency_stats",
	"/proc/sched_debug",
	"/proc/scsi",
	"/proc/timer_list",
	"/proc/timer_stats",
	/* Names the host's disks and partitions, which a container can't open anyway. */
	"/sys/dev/block",
	/* Energy counters: they have leaked secrets of other programs (CVE-2020-8694). */
	"/sys/devices/virtual/powercap",
	"/sys/firmware",
	/*
	 * Programs that find this directory try to set SELinux labels, which fails in a container.
	 */
	"/sys/fs/selinux",
};

/* Counts how often a processor was too hot, which tells about the load of other programs. */
#define PER_CPU "thermal_throttle"

struct cpus {
	uint32_t *numbers;
	size_t count;
};

/* "cpu12" is processor 12; "cpufreq" and "cpuidle" are in the same directory. */
static void add_masked_cpu(int directory, const char *name, struct cpus *cpus)
{
	char path[sizeof("cpu/" PER_CPU) + 10];
	uint32_t number;

	if (!str_starts_with(name, "cpu") ||
	    number_parse_u32(name + strlen("cpu"), UINT32_MAX, &number) < 0)
		return;
	snprintf(path, sizeof(path), "cpu%" PRIu32 "/" PER_CPU, number);
	if (faccessat(directory, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
	    (errno == ENOENT || errno == ENOTDIR))
		return;
	cpus->numbers = mem_resize(cpus->numbers, cpus->count + 1, sizeof(*cpus->numbers));
	cpus->numbers[cpus->count++] = number;
}

static int compare_numbers(const void *a, const void *b)
{
	const uint32_t *first = a, *second = b;

	return (*first > *second) - (*first < *second);
}

/* Sorted, as readdir(3) has no order and `urun spec` should print the same config each time. */
static struct cpus find_cpus(const char *path)
{
	autodir DIR *directory = opendir(path);
	struct cpus cpus = { 0 };
	const struct dirent *entry;

	if (!directory)
		return cpus;
	while ((entry = readdir(directory)))
		add_masked_cpu(dirfd(directory), entry->d_name, &cpus);
	if (cpus.count)
		qsort(cpus.numbers, cpus.count, sizeof(*cpus.numbers), compare_numbers);
	return cpus;
}

void masked_paths_default(const char *cpus_path, struct arena *arena, struct str_list *ret_paths)
{
	struct cpus cpus = find_cpus(cpus_path);
	size_t count = ARRAY_SIZE(everywhere) + cpus.count;
	struct str_list paths = { .items = arena_alloc(arena, count * sizeof(char *)) };

	for (size_t i = 0; i < ARRAY_SIZE(everywhere); i++)
		paths.items[paths.count++] = arena_str(arena, everywhere[i]);
	for (size_t i = 0; i < cpus.count; i++)
		paths.items[paths.count++] =
			arena_strf(arena, MASKED_CPUS "/cpu%" PRIu32 "/" PER_CPU, cpus.numbers[i]);
	free(cpus.numbers);
	*ret_paths = paths;
}
