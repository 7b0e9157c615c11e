// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "core/base/number.h"
#include "core/base/range_list.h"
#include "core/base/size.h"
#include "core/base/str.h"
#include "core/config/change.h"
#include "core/spec/spec_steps.h"

/* Above the numbers of processors and memory nodes of any kernel. */
#define SET_MAX 8191

static int set_size(const char *option, const char *text, struct opt_i64 *size, struct error *err)
{
	if (size_parse(text, &size->value) < 0)
		return spec_refuse(option, text, "expected a size such as 64m", err);
	size->set = true;
	return 0;
}

static int set_count(const char *option, const char *text, uint64_t min, uint64_t max,
		     struct opt_u64 *count, struct error *err)
{
	autofree char *reason = str_format("expected a number from %llu to %llu",
					   (unsigned long long)min, (unsigned long long)max);

	if (number_parse_u64(text, max, &count->value) < 0 || count->value < min)
		return spec_refuse(option, text, reason, err);
	count->set = true;
	return 0;
}

/* ---- memory ---- */

static int apply_memory(const struct spec_options *options, struct container_config *config,
			struct error *err)
{
	const char *reservation = options->words.memory_reservation;
	const char *swap = options->words.memory_swap;
	struct config_memory *memory;

	if (!reservation && !swap)
		return 0;
	memory = RESOURCE_OF(config, memory);
	if (reservation &&
	    set_size("memory-reservation", reservation, &memory->reservation, err) < 0)
		return -1;
	if (!swap)
		return 0;
	if (!options->memory)
		return spec_refuse("memory-swap", swap,
				   "is memory and swap together, so --memory is needed too", err);
	if (str_equal(swap, "-1")) {
		memory->swap = (struct opt_i64){ true, -1 };
		return 0;
	}
	return set_size("memory-swap", swap, &memory->swap, err);
}

/* ---- processors ---- */

/* The kernel takes periods of 1 ms to 1 s.  Source: sched-bwc.rst of Linux. */
static int apply_quota(const struct spec_options *options, struct container_config *config,
		       struct error *err)
{
	const struct spec_words *words = &options->words;
	struct config_cpu *cpu;
	struct opt_i64 quota = { .set = true };

	if (!words->cpu_quota && !words->cpu_period)
		return 0;
	if (options->cpus)
		return spec_refuse("cpus", options->cpus,
				   words->cpu_quota ? "--cpu-quota can't be given too"
						    : "--cpu-period can't be given too",
				   err);
	cpu = RESOURCE_OF(config, cpu);
	if (words->cpu_period &&
	    set_count("cpu-period", words->cpu_period, 1000, 1000000, &cpu->period, err) < 0)
		return -1;
	if (!words->cpu_quota)
		return 0;
	if (number_parse_i64(words->cpu_quota, -1, INT64_MAX, &quota.value) < 0 ||
	    (quota.value >= 0 && quota.value < 1000))
		return spec_refuse("cpu-quota", words->cpu_quota,
				   "expected microseconds, at least 1000; -1 means no limit", err);
	cpu->quota = quota;
	return 0;
}

static int set_list(const char *option, const char *text, struct arena *arena, range_list *list,
		    struct error *err)
{
	if (range_list_parse(text, SET_MAX, arena, list) < 0 || list->count == 0)
		return spec_refuse(option, text, "expected a list such as 0-3,7", err);
	return 0;
}

static int apply_cpu(const struct spec_options *options, struct container_config *config,
		     struct error *err)
{
	const struct spec_words *words = &options->words;

	if (apply_quota(options, config, err) < 0)
		return -1;
	if (words->cpu_shares && set_count("cpu-shares", words->cpu_shares, 2, 262144,
					   &RESOURCE_OF(config, cpu)->shares, err) < 0)
		return -1;
	if (words->cpuset_cpus && set_list("cpuset-cpus", words->cpuset_cpus, &config->arena,
					   &RESOURCE_OF(config, cpu)->cpus, err) < 0)
		return -1;
	return words->cpuset_mems ? set_list("cpuset-mems", words->cpuset_mems, &config->arena,
					     &RESOURCE_OF(config, cpu)->mems, err)
				  : 0;
}

/* ---- disks ---- */

enum rate { RATE_BYTES, RATE_OPERATIONS };

static int parse_rate(const char *text, enum rate kind, uint64_t *ret_rate)
{
	int64_t bytes = 0;

	if (kind == RATE_OPERATIONS)
		return number_parse_u64(text, INT64_MAX, ret_rate);
	if (size_parse(text, &bytes) < 0)
		return -EINVAL;
	*ret_rate = (uint64_t)bytes;
	return 0;
}

static int parse_throttle(const char *option, const char *text, enum rate kind,
			  struct config_throttle_device *ret_device, struct error *err)
{
	autofree char *path = str_dup(text);
	char *rate = strrchr(path, ':');
	struct config_throttle_device device = { .rate.set = true };
	struct stat st;

	if (rate)
		*rate++ = '\0';
	if (!rate || parse_rate(rate, kind, &device.rate.value) < 0)
		return spec_refuse(option, text,
				   kind == RATE_BYTES ? "expected DEVICE:SIZE, such as /dev/sda:1m"
						      : "expected DEVICE:NUMBER",
				   err);
	if (stat(path, &st) < 0)
		return error_set(err, errno, "--%s %s", option, text);
	if (!S_ISBLK(st.st_mode))
		return error_set(err, ENOTBLK, "--%s %s", option, text);
	device.major = (struct opt_i64){ true, major(st.st_rdev) };
	device.minor = (struct opt_i64){ true, minor(st.st_rdev) };
	*ret_device = device;
	return 0;
}

static int add_throttle_texts(const char *option, const struct str_list *texts, enum rate kind,
			      struct arena *arena, config_throttle_devices *list, struct error *err)
{
	for (size_t i = 0; i < texts->count; i++) {
		list->items = arena_grow(arena, list->items, list->count, sizeof(*list->items));
		if (parse_throttle(option, texts->items[i], kind, &list->items[list->count++],
				   err) < 0)
			return -1;
	}
	return 0;
}

static int apply_block_io(const struct spec_words *words, struct container_config *config,
			  struct error *err)
{
	struct arena *arena = &config->arena;
	struct config_block_io *io;

	if (!words->blkio_weight && !words->read_bps.count && !words->write_bps.count &&
	    !words->read_iops.count && !words->write_iops.count)
		return 0;
	io = RESOURCE_OF(config, block_io);
	if (words->blkio_weight &&
	    set_count("blkio-weight", words->blkio_weight, 10, 1000, &io->weight, err) < 0)
		return -1;
	if (add_throttle_texts("device-read-bps", &words->read_bps, RATE_BYTES, arena,
			       &io->throttle_read_bps, err) < 0 ||
	    add_throttle_texts("device-write-bps", &words->write_bps, RATE_BYTES, arena,
			       &io->throttle_write_bps, err) < 0 ||
	    add_throttle_texts("device-read-iops", &words->read_iops, RATE_OPERATIONS, arena,
			       &io->throttle_read_iops, err) < 0)
		return -1;
	return add_throttle_texts("device-write-iops", &words->write_iops, RATE_OPERATIONS, arena,
				  &io->throttle_write_iops, err);
}

/* ---- the cgroup ---- */

static int set_cgroupns(const char *text, struct container_config *config, struct error *err)
{
	struct config_namespace *ns = config_find_namespace(config, CONFIG_NS_CGROUP);

	if (str_equal(text, "host") && ns)
		config_remove_namespace(config, ns);
	else if (!str_equal(text, "private") && !str_equal(text, "host"))
		return spec_refuse("cgroupns", text, "expected private or host", err);
	return 0;
}

/* ---- the step ---- */

int spec_apply_resources(const struct spec_options *options, struct container_config *config,
			 struct error *err)
{
	const struct spec_words *words = &options->words;

	if (error_gather(err, apply_memory(options, config, err)) < 0 ||
	    error_gather(err, apply_cpu(options, config, err)) < 0 ||
	    error_gather(err, apply_block_io(words, config, err)) < 0)
		return -1;
	for (size_t i = 0; i < words->cgroup_conf.count; i++)
		if (spec_add_pair("cgroup-conf", words->cgroup_conf.items[i], "expected FILE=VALUE",
				  &config->arena, &spec_resources_of(config)->unified, err) < 0)
			return -1;
	if (words->cgroup_parent)
		config_set_annotation(config, CONFIG_ANNOTATION_CGROUP_PARENT,
				      words->cgroup_parent);
	if (words->limit_fallback && !str_equal(words->limit_fallback, "rlimit"))
		return spec_refuse("limit-fallback", words->limit_fallback, "expected rlimit", err);
	if (words->limit_fallback)
		config_set_annotation(config, CONFIG_ANNOTATION_LIMIT_FALLBACK,
				      words->limit_fallback);
	return words->cgroupns ? set_cgroupns(words->cgroupns, config, err) : 0;
}
