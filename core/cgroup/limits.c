// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/cgroup/limits.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "core/base/range_list.h"
#include "core/base/str.h"

/* The kernel's default period of a quota, in µs. */
#define CPU_PERIOD_DEFAULT 100000
#define CPU_WEIGHT_DEFAULT 100

/* The settings that are made, and for what. */
struct settings_builder {
	struct cgroup_settings *settings;
	enum cgroup_purpose purpose;
};

static struct cgroup_setting *add_setting(struct settings_builder *builder, const char *field,
					  const char *file, char *value)
{
	struct cgroup_settings *settings = builder->settings;
	struct cgroup_setting *setting;

	settings->items = arena_grow(&settings->arena, settings->items, settings->count,
				     sizeof(*settings->items));
	setting = &settings->items[settings->count++];
	*setting = (struct cgroup_setting){
		.field = field,
		.file = arena_str(&settings->arena, file),
		.value = value,
	};
	return setting;
}

/* -1 is no limit.  A new cgroup has none, so nothing is written for it. */
static void add_limit(struct settings_builder *builder, const char *field, const char *file,
		      int64_t value)
{
	struct arena *arena = &builder->settings->arena;

	if (value >= 0)
		add_setting(builder, field, file, arena_strf(arena, "%" PRId64, value));
	else if (builder->purpose == CGROUP_FOR_UPDATE)
		add_setting(builder, field, file, arena_str(arena, "max"));
}

/* A value that a new cgroup has anyway is written by an update only. */
static bool is_told(const struct settings_builder *builder, bool is_set)
{
	return is_set && builder->purpose == CGROUP_FOR_UPDATE;
}

static int only_version_1(bool is_asked, const char *field, struct error *err)
{
	if (!is_asked)
		return 0;
	return error_set(err, 0, "linux.resources.%s: cgroup version 2 has no such limit", field);
}

/* ---- memory ---- */

/* The spec's swap is memory and swap together, version 2's is swap alone. */
static int add_swap(struct settings_builder *builder, const struct config_memory *memory,
		    struct error *err)
{
	int64_t swap = memory->swap.value, limit = memory->limit.value;

	if (!memory->swap.set || swap == 0) {
		/* Without a limit of memory, swap must not be limited either. */
		if (memory->limit.set && limit < 0)
			add_limit(builder, "memory.limit", "memory.swap.max", -1);
		return 0;
	}
	if (swap < 0) {
		add_limit(builder, "memory.swap", "memory.swap.max", -1);
		return 0;
	}
	if (!memory->limit.set || limit <= 0)
		return error_set(err, 0,
				 "linux.resources.memory.swap: is memory and swap together, so "
				 "memory.limit is needed too");
	if (swap < limit)
		return error_set(
			err, 0,
			"linux.resources.memory.swap: %" PRId64
			" is memory and swap together, and less than memory.limit %" PRId64,
			swap, limit);
	add_limit(builder, "memory.swap", "memory.swap.max", swap - limit);
	return 0;
}

/* useHierarchy is what version 2 always does; a swappiness of 0 asks for something too. */
static int refuse_memory(const struct config_memory *memory, struct error *err)
{
	return only_version_1(memory->kernel.value > 0, "memory.kernel", err) < 0 ||
			       only_version_1(memory->kernel_tcp.value > 0, "memory.kernelTCP",
					      err) < 0 ||
			       only_version_1(memory->swappiness.set, "memory.swappiness", err) <
				       0 ||
			       only_version_1(memory->disable_oom_killer.value,
					      "memory.disableOOMKiller", err) < 0
		       ? -1
		       : 0;
}

static int add_memory(struct settings_builder *builder, const struct config_memory *memory,
		      struct error *err)
{
	if (refuse_memory(memory, err) < 0)
		return -1;
	builder->settings->check_usage = memory->check_before_update.value;
	/* ORDER: swap first: the kernel applies the files one by one, and more swap always fits. */
	if (add_swap(builder, memory, err) < 0)
		return -1;
	if (memory->limit.set && memory->limit.value != 0)
		add_limit(builder, "memory.limit", "memory.max", memory->limit.value);
	if (memory->reservation.set && memory->reservation.value != 0)
		add_limit(builder, "memory.reservation", "memory.low", memory->reservation.value);
	return 0;
}

/* ---- cpu ---- */

/*
 * Shares and weights both say how much a group gets in proportion to others.  On logarithmic
 * scales, a parabola through (2, 1), (1024, 100) and (262144, 10000) maps the default of one to the
 * default of the other, which a straight line doesn't.
 */
unsigned int cgroup_weight_of_shares(uint64_t shares)
{
	double l;

	if (shares <= 2)
		return 1;
	if (shares >= 262144)
		return 10000;
	l = log2((double)shares);
	return (unsigned int)ceil(pow(10, (l * l + 125 * l) / 612.0 - 7.0 / 34.0));
}

static void add_cpu_max(struct settings_builder *builder, const struct config_cpu *cpu)
{
	struct arena *arena = &builder->settings->arena;
	uint64_t period = cpu->period.value ? cpu->period.value : CPU_PERIOD_DEFAULT;

	if (cpu->quota.value > 0)
		add_setting(builder, "cpu.quota", "cpu.max",
			    arena_strf(arena, "%" PRId64 " %" PRIu64, cpu->quota.value, period));
	/* Docker sends a quota and a period of 0 with every update: they change nothing, as in runc. */
	else if (builder->purpose == CGROUP_FOR_UPDATE && (cpu->quota.value || cpu->period.value))
		add_setting(builder, "cpu.quota", "cpu.max",
			    arena_strf(arena, "max %" PRIu64, period));
}

static void add_set(struct settings_builder *builder, const char *field, const char *file,
		    const range_list *set)
{
	autostrbuf struct strbuf text = { 0 };

	if (set->count == 0)
		return;
	range_list_print(set, &text);
	add_setting(builder, field, file, arena_str(&builder->settings->arena, text.bytes));
}

static int add_cpu_limits(struct settings_builder *builder, const struct config_cpu *cpu,
			  struct error *err)
{
	struct arena *arena = &builder->settings->arena;
	unsigned int weight = cgroup_weight_of_shares(cpu->shares.value);

	if (only_version_1(cpu->realtime_runtime.value > 0, "cpu.realtimeRuntime", err) < 0 ||
	    only_version_1(cpu->realtime_period.value > 0, "cpu.realtimePeriod", err) < 0)
		return -1;
	/*
	 * ORDER: the kernel refuses a weight of an idle group, and a burst above the quota.
	 */
	if (cpu->idle.value > 0 || is_told(builder, cpu->idle.set))
		add_setting(builder, "cpu.idle", "cpu.idle",
			    arena_strf(arena, "%" PRId64, cpu->idle.value));
	/*
	 * Some engines (ctr) send the default weight with every container; a new cgroup has it
	 * anyway.
	 */
	if (cpu->shares.value != 0 && cpu->idle.value == 0 &&
	    (builder->purpose == CGROUP_FOR_UPDATE || weight != CPU_WEIGHT_DEFAULT))
		add_setting(builder, "cpu.shares", "cpu.weight", arena_strf(arena, "%u", weight));
	add_cpu_max(builder, cpu);
	if (cpu->burst.value > 0 || is_told(builder, cpu->burst.set))
		add_setting(builder, "cpu.burst", "cpu.max.burst",
			    arena_strf(arena, "%" PRIu64, cpu->burst.value));
	add_set(builder, "cpu.cpus", "cpuset.cpus", &cpu->cpus);
	add_set(builder, "cpu.mems", "cpuset.mems", &cpu->mems);
	return 0;
}

/* ---- the others ---- */

/*
 * io.weight has a scale of 1 … 10000 in place of the spec's 10 … 1000.  The file of the scheduler
 * BFQ has the spec's scale, and is written where it exists.
 */
static void add_io_weight(struct settings_builder *builder, const struct config_block_io *io)
{
	struct arena *arena = &builder->settings->arena;
	struct cgroup_setting *setting;

	if (io->weight.value > 0) {
		setting = add_setting(builder, "blockIO.weight", "io.bfq.weight",
				      arena_strf(arena, "%" PRIu64, io->weight.value));
		setting->other_file = arena_str(arena, "io.weight");
		setting->other_value = arena_strf(arena, "default %" PRIu64,
						  1 + (io->weight.value - 10) * 9999 / 990);
	}
	for (size_t i = 0; i < io->weight_device.count; i++) {
		const struct config_weight_device *device = &io->weight_device.items[i];

		if (device->weight.value == 0)
			continue;
		setting = add_setting(builder, "blockIO.weightDevice", "io.bfq.weight",
				      arena_strf(arena, "%" PRId64 ":%" PRId64 " %" PRIu64,
						 device->major.value, device->minor.value,
						 device->weight.value));
		setting->other_file = arena_str(arena, "io.weight");
		setting->other_value = arena_strf(arena, "%" PRId64 ":%" PRId64 " %" PRIu64,
						  device->major.value, device->minor.value,
						  1 + (device->weight.value - 10) * 9999 / 990);
	}
}

/* A rate of 0 is none. */
static void add_throttles(struct settings_builder *builder, const char *field, const char *key,
			  const struct config_throttle_device *devices, size_t count)
{
	struct arena *arena = &builder->settings->arena;

	for (size_t i = 0; i < count; i++) {
		const struct config_throttle_device *device = &devices[i];
		const char *rate = device->rate.value > 0
					   ? arena_strf(arena, "%" PRIu64, device->rate.value)
					   : "max";

		if (device->rate.value > 0 || is_told(builder, device->rate.set))
			add_setting(builder, field, "io.max",
				    arena_strf(arena, "%" PRId64 ":%" PRId64 " %s=%s",
					       device->major.value, device->minor.value, key,
					       rate));
	}
}

static int add_block_io(struct settings_builder *builder, const struct config_block_io *io,
			struct error *err)
{
	if (only_version_1(io->leaf_weight.value > 0, "blockIO.leafWeight", err) < 0)
		return -1;
	for (size_t i = 0; i < io->weight_device.count; i++)
		if (only_version_1(io->weight_device.items[i].leaf_weight.value > 0,
				   "blockIO.weightDevice.leafWeight", err) < 0)
			return -1;
	add_io_weight(builder, io);
	add_throttles(builder, "blockIO.throttleReadBpsDevice", "rbps", io->throttle_read_bps.items,
		      io->throttle_read_bps.count);
	add_throttles(builder, "blockIO.throttleWriteBpsDevice", "wbps",
		      io->throttle_write_bps.items, io->throttle_write_bps.count);
	add_throttles(builder, "blockIO.throttleReadIOPSDevice", "riops",
		      io->throttle_read_iops.items, io->throttle_read_iops.count);
	add_throttles(builder, "blockIO.throttleWriteIOPSDevice", "wiops",
		      io->throttle_write_iops.items, io->throttle_write_iops.count);
	return 0;
}

static void add_hugepages(struct settings_builder *builder,
			  const struct config_resources *resources)
{
	struct arena *arena = &builder->settings->arena;

	for (size_t i = 0; i < resources->hugepage_limits.count; i++) {
		const struct config_hugepage_limit *limit = &resources->hugepage_limits.items[i];

		add_setting(builder, "hugepageLimits",
			    arena_strf(arena, "hugetlb.%s.max", limit->page_size),
			    arena_strf(arena, "%" PRIu64, limit->limit.value));
		/* What is reserved counts too, or a process would be killed when it uses a page. */
		add_setting(builder, "hugepageLimits",
			    arena_strf(arena, "hugetlb.%s.rsvd.max", limit->page_size),
			    arena_strf(arena, "%" PRIu64, limit->limit.value));
	}
}

static void add_rdma(struct settings_builder *builder, const struct config_resources *resources)
{
	struct arena *arena = &builder->settings->arena;

	for (size_t i = 0; i < resources->rdma.count; i++) {
		const struct config_rdma *rdma = &resources->rdma.items[i];
		char *value = arena_str(arena, rdma->device);

		if (!rdma->hca_handles.set && !rdma->hca_objects.set)
			continue;
		if (rdma->hca_handles.set)
			value = arena_strf(arena, "%s hca_handle=%" PRIu64, value,
					   rdma->hca_handles.value);
		if (rdma->hca_objects.set)
			value = arena_strf(arena, "%s hca_object=%" PRIu64, value,
					   rdma->hca_objects.value);
		add_setting(builder, "rdma", "rdma.max", value);
	}
}

/* A priority of 0 is what each interface has. */
static int refuse_network(const struct config_network_class *network, struct error *err)
{
	bool has_priorities = false;

	for (size_t i = 0; i < network->priorities.count; i++)
		has_priorities = has_priorities || network->priorities.items[i].priority.value > 0;
	return only_version_1(network->class_id.value > 0, "network.classID", err) < 0
		       ? -1
		       : only_version_1(has_priorities, "network.priorities", err);
}

static int add_resources(struct settings_builder *builder, const struct config_resources *resources,
			 struct error *err)
{
	const struct config_pids *pids = resources->pids;

	if (resources->network && refuse_network(resources->network, err) < 0)
		return -1;
	if ((resources->memory && add_memory(builder, resources->memory, err) < 0) ||
	    (resources->cpu && add_cpu_limits(builder, resources->cpu, err) < 0) ||
	    (resources->block_io && add_block_io(builder, resources->block_io, err) < 0))
		return -1;
	/* The kernel's 0 would let no process in at all; engines write 0 for "no limit". */
	if (pids && pids->limit.set)
		add_limit(builder, "pids.limit", "pids.max",
			  pids->limit.value == 0 ? -1 : pids->limit.value);
	add_hugepages(builder, resources);
	add_rdma(builder, resources);
	/* Written last, so that they win over the limits above. */
	for (size_t i = 0; i < resources->unified.count; i++)
		add_setting(
			builder, "unified", resources->unified.items[i].name,
			arena_str(&builder->settings->arena, resources->unified.items[i].value));
	return 0;
}

int cgroup_settings_make(const struct config_resources *resources, enum cgroup_purpose purpose,
			 struct cgroup_settings *ret_settings, struct error *err)
{
	struct settings_builder builder = { ret_settings, purpose };

	*ret_settings = (struct cgroup_settings){ 0 };
	if (!resources)
		return 0;
	if (add_resources(&builder, resources, err) < 0) {
		cgroup_settings_release(ret_settings);
		return -1;
	}
	return 0;
}

void cgroup_settings_release(struct cgroup_settings *settings)
{
	arena_release(&settings->arena);
	*settings = (struct cgroup_settings){ 0 };
}

char *cgroup_controller_of(const char *file)
{
	size_t length = strcspn(file, ".");

	if (strncmp(file, "cgroup.", 7) == 0)
		return NULL;
	return str_dup_n(file, length);
}
