// SPDX-License-Identifier: Apache-2.0
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/base/str.h"
#include "core/config/check.h"
#include "core/config/check_value.h"

/*
 * A program of so many rules is one that the kernel loads: its verifier follows no more than 8192 jumps, and
 * a rule takes two.
 */
#define DEVICE_RULES_MAX 4000
/* The least weight of the spec but 0, which is none.  Source: config-linux.md "Block IO". */
#define BLOCK_WEIGHT_MIN 10

/* The most that kernfs takes in one write(2). */
#define CGROUP_VALUE_MAX 4096

/* The controllers of Linux 6.15; perf_event has no file. Source: cgroup-v2.rst, "Controllers". */
static bool is_of_controller(const char *file)
{
	static const char *const controllers[] = { "cpu.",    "cpuset.", "dmem.", "hugetlb.", "io.",
						   "memory.", "misc.",	 "pids.", "rdma." };

	for (size_t i = 0; i < ARRAY_SIZE(controllers); i++)
		if (str_starts_with(file, controllers[i]))
			return file[strlen(controllers[i])] != '\0';
	return false;
}

/*
 * The key is the name of a file in the cgroup's directory, and not a path.  The files cgroup.* are
 * no resources: cgroup.freeze would stop the container at its start, cgroup.kill would kill it, and
 * cgroup.procs moves processes.
 */
static int check_unified(const struct str_pair *setting, struct error *err)
{
	const char *name = setting->name;

	if (strchr(name, '/') || strlen(name) > NAME_MAX || !is_of_controller(name))
		return error_set(
			err, 0,
			"linux.resources.unified: \"%s\" is no file of a cgroup's controller "
			"(cpu, cpuset, dmem, hugetlb, io, memory, misc, pids, rdma)",
			name);
	if (strlen(setting->value) > CGROUP_VALUE_MAX)
		return error_set(err, 0, "linux.resources.unified: %s: longer than %d bytes", name,
				 CGROUP_VALUE_MAX);
	return 0;
}

/* "2MB", "1GB"; the text becomes a part of a file's name. */
static int check_hugepages(const struct config_resources *resources, struct error *err)
{
	for (size_t i = 0; i < resources->hugepage_limits.count; i++) {
		const char *size = resources->hugepage_limits.items[i].page_size;
		size_t digits = strspn(size, "0123456789");

		if (digits == 0 || size[0] == '0' || !strchr("KMG", size[digits]) ||
		    !size[digits] || !str_equal(size + digits + 1, "B"))
			return error_set(
				err, 0,
				"linux.resources.hugepageLimits[%zu].pageSize: \"%s\" must be a number and KB, MB or GB",
				i, size);
	}
	return 0;
}

static int check_weight(const struct opt_u64 *weight, const char *field, struct error *err)
{
	if (weight->value == 0 || weight->value >= BLOCK_WEIGHT_MIN)
		return 0;
	return error_set(err, 0, "linux.resources.blockIO.%s: must be %d to 1000", field,
			 BLOCK_WEIGHT_MIN);
}

static int check_block_io(const struct config_block_io *io, struct error *err)
{
	if (error_gather(err, check_weight(&io->weight, "weight", err)) < 0)
		return -1;
	for (size_t i = 0; i < io->weight_device.count; i++) {
		char field[64];

		snprintf(field, sizeof(field), "weightDevice[%zu].weight", i);
		if (error_gather(err,
				 check_weight(&io->weight_device.items[i].weight, field, err)) < 0)
			return -1;
	}
	return 0;
}

int config_check_resources(const struct config_resources *resources, struct error *err)
{
	if (resources->devices.count > DEVICE_RULES_MAX &&
	    error_gather(err, error_set(err, 0, "linux.resources.devices: more than %d rules",
					DEVICE_RULES_MAX)) < 0)
		return -1;
	if (resources->block_io && check_block_io(resources->block_io, err) < 0)
		return -1;
	for (size_t i = 0; i < resources->devices.count; i++) {
		const char *access = resources->devices.items[i].access;

		if (access && access[strspn(access, "rwm")] &&
		    error_gather(err, error_set(err, 0,
						"linux.resources.devices[%zu].access: \"%s\" "
						"must be made of r, w and m",
						i, access)) < 0)
			return -1;
	}
	for (size_t i = 0; i < resources->unified.count; i++)
		if (error_gather(err, check_unified(&resources->unified.items[i], err)) < 0)
			return -1;
	if (error_gather(err, check_hugepages(resources, err)) < 0)
		return -1;
	for (size_t i = 0; i < resources->rdma.count; i++)
		if (resources->rdma.items[i].device[0] == '\0')
			return error_set(err, 0,
					 "linux.resources.rdma: the name of a device is empty");
	return 0;
}
