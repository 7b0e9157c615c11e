// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "core/base/arena.h"
#include "core/base/str.h"
#include "core/config/check.h"
#include "core/config/config.h"
#include "core/config/shapes.h"

/* Each copies a member from *from to *into where it is given: an opt_, a pointer, a list. */
#define TAKE(member)                                 \
	do {                                         \
		if (from->member.set)                \
			into->member = from->member; \
	} while (0)
/*
 * The same for a limit, where an engine writes 0 for what isn't to change.  Source: docker's and
 * containerd's `update`, whose JSON has each of these, and runc's update.go.
 */
#define TAKE_LIMIT(member)                                       \
	do {                                                     \
		if (from->member.set && from->member.value != 0) \
			into->member = from->member;             \
	} while (0)
#define TAKE_POINTER(member)                         \
	do {                                         \
		if (from->member)                    \
			into->member = from->member; \
	} while (0)
#define TAKE_LIST(member)                            \
	do {                                         \
		if (from->member.count)              \
			into->member = from->member; \
	} while (0)

static void merge_memory(struct config_memory *into, const struct config_memory *from)
{
	TAKE_LIMIT(limit);
	TAKE_LIMIT(reservation);
	TAKE_LIMIT(swap);
	TAKE_LIMIT(kernel);
	TAKE_LIMIT(kernel_tcp);
	TAKE(swappiness);
	TAKE(disable_oom_killer);
	TAKE(use_hierarchy);
	TAKE(check_before_update);
}

static void merge_cpu(struct config_cpu *into, const struct config_cpu *from)
{
	TAKE_LIMIT(shares);
	TAKE_LIMIT(quota);
	TAKE(burst);
	TAKE_LIMIT(period);
	TAKE(realtime_runtime);
	TAKE(realtime_period);
	TAKE_LIST(cpus);
	TAKE_LIST(mems);
	TAKE(idle);
}

static void merge_block_io(struct config_block_io *into, const struct config_block_io *from)
{
	TAKE_LIMIT(weight);
	TAKE_LIMIT(leaf_weight);
	TAKE_LIST(weight_device);
	TAKE_LIST(throttle_read_bps);
	TAKE_LIST(throttle_write_bps);
	TAKE_LIST(throttle_read_iops);
	TAKE_LIST(throttle_write_iops);
}

static void merge_unified(struct arena *arena, str_map *into, const str_map *from)
{
	for (size_t i = 0; i < from->count; i++) {
		size_t k = 0;

		while (k < into->count && strcmp(into->items[k].name, from->items[i].name) != 0)
			k++;
		if (k == into->count) {
			into->items =
				arena_grow(arena, into->items, into->count, sizeof(*into->items));
			into->count++;
		}
		into->items[k] = from->items[i];
	}
}

static void merge_resources(struct arena *arena, struct config_resources *into,
			    const struct config_resources *from)
{
	if (into->memory && from->memory)
		merge_memory(into->memory, from->memory);
	else
		TAKE_POINTER(memory);
	if (into->cpu && from->cpu)
		merge_cpu(into->cpu, from->cpu);
	else
		TAKE_POINTER(cpu);
	if (into->block_io && from->block_io)
		merge_block_io(into->block_io, from->block_io);
	else
		TAKE_POINTER(block_io);
	TAKE_POINTER(pids);
	TAKE_POINTER(network);
	TAKE_LIST(devices);
	TAKE_LIST(hugepage_limits);
	TAKE_LIST(rdma);
	merge_unified(arena, &into->unified, &from->unified);
}

int config_merge_resources(struct container_config *config, const char *bytes, size_t size,
			   struct error *err)
{
	struct config_resources *update = arena_alloc(&config->arena, sizeof(*update));

	if (json_read(bytes, size, &config_resources_shape, update, &config->arena, err) < 0 ||
	    config_check_resources(update, err) < 0)
		return -1;
	if (config->linux->resources)
		merge_resources(&config->arena, config->linux->resources, update);
	else
		config->linux->resources = update;
	return 0;
}
