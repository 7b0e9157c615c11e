// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/podman_words.h"
#include "core/base/fd.h"
#include "core/base/json.h"
#include "core/base/number.h"
#include "core/base/size.h"
#include "core/base/str.h"
#include "core/container/lifecycle.h"
#include "core/spec/spec_options.h"

struct update_options {
	const char *resources;
	const char *memory;
	const char *memory_reservation;
	const char *memory_swap;
	const char *cpu_shares;
	const char *cpu_quota;
	const char *cpu_period;
	const char *cpu_burst;
	const char *cpu_idle;
	const char *cpu_count;
	const char *cpus;
	const char *mems;
	const char *pids_limit;
	const char *io_weight;
	struct str_list unified;
};

/* A group of resources, written as JSON: `"memory":{"limit":1,"swap":2}`. */
struct resource_group {
	struct strbuf text;
	bool begun;
};

static void add_resource(struct resource_group *group, const char *name, const char *value)
{
	strbuf_addf(&group->text, "%s\"%s\":%s", group->begun ? "," : "", name, value);
	group->begun = true;
}

static int add_integer(struct resource_group *group, const char *option, const char *name,
		       const char *text, struct error *err)
{
	const char *digits = text && text[0] == '-' ? text + 1 : text;
	uint64_t value;

	if (!text)
		return 0;
	if (number_parse_u64(digits, INT64_MAX, &value) < 0)
		return error_set(err, 0, "option --%s takes a whole number, not '%s'", option,
				 text);
	add_resource(group, name, text);
	return 0;
}

/* Adds an amount such as "100m"; -1 means no limit. */
static int add_bytes(struct resource_group *group, const char *option, const char *name,
		     const char *text, struct error *err)
{
	autofree char *value = NULL;
	int64_t bytes;

	if (!text || strcmp(text, "-1") == 0)
		return add_integer(group, option, name, text, err);
	if (size_parse(text, &bytes) < 0)
		return error_set(err, 0,
				 "option --%s takes a number of bytes such as 100m, not '%s'",
				 option, text);
	value = str_format("%" PRId64, bytes);
	add_resource(group, name, value);
	return 0;
}

#define CPU_PERIOD_US	100000
#define CPU_PERIOD_TEXT "100000"

/* A number of processors such as 1.5 is a quota of each period. */
static int add_cpu_count(struct resource_group *group, const struct update_options *options,
			 struct error *err)
{
	const char *text = options->cpu_count;
	autofree char *quota = NULL;
	int64_t microseconds;

	if (!text)
		return 0;
	if (options->cpu_quota || options->cpu_period)
		return error_set(err, 0, "option --cpus: --cpu-%s can't be given too",
				 options->cpu_quota ? "quota" : "period");
	if (spec_parse_cpus(text, CPU_PERIOD_US, &microseconds) < 0)
		return error_set(err, 0,
				 "option --cpus takes a number of processors such as 1.5, not '%s'",
				 text);
	quota = str_format("%" PRId64, microseconds);
	add_resource(group, "quota", quota);
	add_resource(group, "period", CPU_PERIOD_TEXT);
	return 0;
}

static void add_text(struct resource_group *group, const char *name, const char *text)
{
	autostrbuf struct strbuf quoted = { 0 };

	if (!text)
		return;
	json_write_string(text, &quoted);
	add_resource(group, name, quoted.bytes);
}

static int add_unified_option(struct resource_group *group, const struct str_list *unified,
			      struct error *err)
{
	for (size_t i = 0; i < unified->count; i++) {
		autostrbuf struct strbuf value = { 0 };
		autofree char *name = str_dup(unified->items[i]);
		char *equals = strchr(name, '=');

		if (!equals || equals == name || strpbrk(name, "\"\\"))
			return error_set(err, 0, "option --unified is FILE=VALUE, not '%s'",
					 unified->items[i]);
		*equals = '\0';
		json_write_string(equals + 1, &value);
		add_resource(group, name, value.bytes);
	}
	return 0;
}

static void add_resource_group(struct resource_group *all, const char *name,
			       struct resource_group *group)
{
	autofree char *object = NULL;

	if (group->begun) {
		object = str_format("{%s}", group->text.bytes);
		add_resource(all, name, object);
	}
	strbuf_release(&group->text);
}

/* Writes the options as the JSON that --resources takes. */
static int resources_of_options(const struct update_options *options, struct strbuf *ret_json,
				struct error *err)
{
	struct resource_group all = { 0 }, memory = { 0 }, cpu = { 0 }, pids = { 0 }, io = { 0 },
			      unified = { 0 };
	int result = -1;

	if (add_bytes(&memory, "memory", "limit", options->memory, err) == 0 &&
	    add_bytes(&memory, "memory-reservation", "reservation", options->memory_reservation,
		      err) == 0 &&
	    add_bytes(&memory, "memory-swap", "swap", options->memory_swap, err) == 0 &&
	    add_integer(&cpu, "cpu-shares", "shares", options->cpu_shares, err) == 0 &&
	    add_cpu_count(&cpu, options, err) == 0 &&
	    add_integer(&cpu, "cpu-quota", "quota", options->cpu_quota, err) == 0 &&
	    add_integer(&cpu, "cpu-period", "period", options->cpu_period, err) == 0 &&
	    add_integer(&cpu, "cpu-burst", "burst", options->cpu_burst, err) == 0 &&
	    add_integer(&cpu, "cpu-idle", "idle", options->cpu_idle, err) == 0 &&
	    add_integer(&pids, "pids-limit", "limit", options->pids_limit, err) == 0 &&
	    add_integer(&io, "blkio-weight", "weight", options->io_weight, err) == 0 &&
	    add_unified_option(&unified, &options->unified, err) == 0)
		result = 0;
	add_text(&cpu, "cpus", options->cpus);
	add_text(&cpu, "mems", options->mems);
	add_resource_group(&all, "memory", &memory);
	add_resource_group(&all, "cpu", &cpu);
	add_resource_group(&all, "pids", &pids);
	add_resource_group(&all, "blockIO", &io);
	add_resource_group(&all, "unified", &unified);
	if (result == 0 && !all.begun)
		result = error_set(err, 0, "update: no limit is given (see 'urun update --help')");
	strbuf_addf(ret_json, "{%s}", all.begun ? all.text.bytes : "");
	strbuf_release(&all.text);
	return result;
}

static int read_resources(const char *path, struct strbuf *ret_json, struct error *err)
{
	bool from_stdin = strcmp(path, "-") == 0;
	autofree char *bytes = NULL;
	size_t size;
	int failed = from_stdin ? fd_read_all(STDIN_FILENO, JSON_SIZE_MAX, &bytes, &size)
				: fd_read_file(path, JSON_SIZE_MAX, &bytes, &size);

	if (failed < 0)
		return error_set(err, -failed, "read %s", from_stdin ? "standard input" : path);
	strbuf_add(ret_json, bytes, size);
	return 0;
}

static int cmd_update(struct call *call, struct error *err)
{
	const struct update_options *options = call->options;
	autostrbuf struct strbuf json = { 0 };

	if ((options->resources ? read_resources(options->resources, &json, err)
				: resources_of_options(options, &json, err)) < 0)
		return -1;
	return container_update(call->globals->root, call->operands.items[0], json.bytes, json.size,
				err);
}

#define OPTION(member) offsetof(struct update_options, member)

/* clang-format off */
static const struct option_spec options_update[] = {
	{ "resources", 'r', OPTION_STRING, OPTION(resources), "FILE", "the limits as JSON (linux.resources); -: stdin" },
	{ "memory", 'm', OPTION_STRING, OPTION(memory), "BYTES", "memory: 100m; -1: no limit" },
	{ "memory-reservation", 0, OPTION_STRING, OPTION(memory_reservation), "BYTES", "memory left to it when the host is short" },
	{ "memory-swap", 0, OPTION_STRING, OPTION(memory_swap), "BYTES", "memory and swap together" },
	{ "cpu-share", 0, OPTION_STRING, OPTION(cpu_shares), "SHARES", "processor time beside others (2 to 262144)" },
	{ "cpu-shares", 'c', OPTION_STRING, OPTION(cpu_shares), "SHARES", "the same" },
	{ "cpus", 0, OPTION_STRING, OPTION(cpu_count), "N", "limit processors: 1.5" },
	{ "cpu-quota", 0, OPTION_STRING, OPTION(cpu_quota), "MICROSECONDS", "processor time a period" },
	{ "cpu-period", 0, OPTION_STRING, OPTION(cpu_period), "MICROSECONDS", "the period" },
	{ "cpu-burst", 0, OPTION_STRING, OPTION(cpu_burst), "MICROSECONDS", "what may be saved up of the quota" },
	{ "cpu-idle", 0, OPTION_STRING, OPTION(cpu_idle), "0|1", "run only where nothing else would" },
	{ "cpuset-cpus", 0, OPTION_STRING, OPTION(cpus), "LIST", "the processors, such as 0-3,7" },
	{ "cpuset-mems", 0, OPTION_STRING, OPTION(mems), "LIST", "the memory nodes" },
	{ "pids-limit", 0, OPTION_STRING, OPTION(pids_limit), "N", "processes and threads; -1: no limit" },
	{ "blkio-weight", 0, OPTION_STRING, OPTION(io_weight), "WEIGHT", "disk time beside others (10 to 1000)" },
	{ "unified", 0, OPTION_LIST, OPTION(unified), "FILE=VALUE", "any file of the cgroup" },
};
/* clang-format on */
static const struct command_usage usage_update = {
	.name = "update",
	.operands = "ID",
	.summary = "Changes the limits of a container.",
	.options = options_update,
	.option_count = ARRAY_SIZE(options_update),
	.others = podman_update_words,
	.options_size = sizeof(struct update_options),
	.operands_min = 1,
	.operands_max = 1,
};
const struct command command_update = { &usage_update, cmd_update, EXIT_STATUS_OTHER };
