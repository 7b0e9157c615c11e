// SPDX-License-Identifier: Apache-2.0
#include "core/base/str.h"
#include "core/config/check.h"

static int check_rule(const struct config_device_rule *rule, size_t i, struct error *err)
{
	static const char *const types[] = { "a", "c", "b", NULL };

	if (rule->type && !check_is_one_of(rule->type, types))
		return error_set(
			err, 0,
			"linux.resources.devices[%zu].type: \"%s\" is unknown: must be one of a, c, b",
			i, rule->type);
	if (rule->access && rule->access[strspn(rule->access, "rwm")])
		return error_set(
			err, 0,
			"linux.resources.devices[%zu].access: \"%s\" must be made of r, w and m", i,
			rule->access);
	return 0;
}

/* A file of the cgroup, written to its folder: a name and no path. */
static int check_unified(const str_map *unified, struct error *err)
{
	for (size_t i = 0; i < unified->count; i++) {
		const char *name = unified->items[i].name;

		if (*name == '\0' || strchr(name, '/') || *name == '.')
			return error_set(
				err, 0,
				"linux.resources.unified: \"%s\" is no name of a cgroup's file",
				name);
	}
	return 0;
}

/* "2MB", "1GB": part of a file's name too. */
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

static int check_rdma(const struct config_resources *resources, struct error *err)
{
	for (size_t i = 0; i < resources->rdma.count; i++)
		if (resources->rdma.items[i].device[0] == '\0')
			return error_set(err, 0,
					 "linux.resources.rdma: the name of a device is empty");
	return 0;
}

int config_check_resources(const struct config_resources *resources, struct error *err)
{
	for (size_t i = 0; i < resources->devices.count; i++)
		if (error_gather(err, check_rule(&resources->devices.items[i], i, err)) < 0)
			return -1;
	if (error_gather(err, check_unified(&resources->unified, err)) < 0 ||
	    error_gather(err, check_hugepages(resources, err)) < 0)
		return -1;
	return check_rdma(resources, err);
}
