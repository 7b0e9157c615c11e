// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <net/if.h>
#include <stdio.h>

#include "core/base/str.h"
#include "core/config/check.h"
#include "core/config/check_value.h"

#define PATH_ROOM 96
/* Bounds the time: each device is compared with each. */
#define NET_DEVICES_MAX 1024

static int check_device_numbers(const struct config_device *device, size_t i, struct error *err)
{
	/* A FIFO has no numbers. */
	if (device->type == CONFIG_DEVICE_FIFO)
		return 0;
	if (!device->major.set)
		return error_set(err, 0, "linux.devices[%zu].major: missing for %s", i,
				 device->path);
	if (!device->minor.set)
		return error_set(err, 0, "linux.devices[%zu].minor: missing for %s", i,
				 device->path);
	return 0;
}

static int check_devices(const struct config_linux *linux, struct error *err)
{
	for (size_t i = 0; i < linux->devices.count; i++) {
		const struct config_device *device = &linux->devices.items[i];
		char path[PATH_ROOM];

		snprintf(path, sizeof(path), "linux.devices[%zu].path", i);
		if (error_gather(err, check_absolute(device->path, path, err)) < 0 ||
		    error_gather(err, check_device_numbers(device, i, err)) < 0)
			return -1;
	}
	return 0;
}

/* Source: the kernel's dev_valid_name(). */
static bool is_interface_name(const char *name)
{
	size_t length = strlen(name);

	if (length == 0 || length >= IFNAMSIZ || str_equal(name, ".") || str_equal(name, ".."))
		return false;
	for (; *name; name++)
		if (*name == '/' || *name == ':' || isspace((unsigned char)*name))
			return false;
	return true;
}

/* The device's name in the container. */
static const char *inner_name(const struct config_net_device *device)
{
	return device->name ? device->name : device->host_name;
}

static int check_net_devices(const struct container_config *config, struct error *err)
{
	const struct config_linux *linux = config->linux;

	if (linux->net_devices.count && !config_find_namespace(config, CONFIG_NS_NETWORK))
		return error_set(err, 0,
				 "linux.netDevices: needs a network namespace in linux.namespaces");
	if (linux->net_devices.count > NET_DEVICES_MAX)
		return error_set(err, 0, "linux.netDevices: more than %d", NET_DEVICES_MAX);
	for (size_t i = 0; i < linux->net_devices.count; i++) {
		const struct config_net_device *device = &linux->net_devices.items[i];

		if (!is_interface_name(device->host_name))
			return error_set(err, 0,
					 "linux.netDevices: \"%s\" is no name of an interface",
					 device->host_name);
		if (!is_interface_name(inner_name(device)))
			return error_set(
				err, 0,
				"linux.netDevices[\"%s\"].name: \"%s\" is no name of an interface",
				device->host_name, device->name);
		for (size_t j = 0; j < i; j++)
			if (str_equal(inner_name(device), inner_name(&linux->net_devices.items[j])))
				return error_set(
					err, 0,
					"linux.netDevices[\"%s\"]: a second interface with the name %s",
					device->host_name, inner_name(device));
	}
	return 0;
}

/*
 * "net.ipv4.ip_forward" or "net/ipv4/conf/eth0.1/forwarding": the first of '.' and '/' divides the
 * parts, and the other one belongs to a part.  The name becomes a path below /proc/sys, in which
 * the other one is a dot; so a part that begins with '.' or '/' could become "..".
 */
static bool is_sysctl_name(const char *name)
{
	char separator = name[strcspn(name, "./")];
	bool at_start = true; /* of a part */

	for (; *name; name++) {
		if (at_start && (*name == '.' || *name == '/'))
			return false;
		if (!isalnum((unsigned char)*name) && !strchr("_-.:/@+*", *name))
			return false;
		at_start = *name == separator;
	}
	return separator && !at_start;
}

static int check_sysctl(const struct config_linux *linux, struct error *err)
{
	for (size_t i = 0; i < linux->sysctl.count; i++)
		if (!is_sysctl_name(linux->sysctl.items[i].name) &&
		    error_gather(err,
				 error_set(err, 0,
					   "linux.sysctl: \"%s\" is no name of a kernel parameter",
					   linux->sysctl.items[i].name)) < 0)
			return -1;
	return 0;
}

static int check_single_fields(const struct config_linux *linux, struct error *err)
{
	if (linux->cgroups_path &&
	    error_gather(err, check_path_length(linux->cgroups_path, "linux.cgroupsPath", err)) < 0)
		return -1;
	if (linux->personality && linux->personality->flags.count)
		return error_set(
			err, 0,
			"linux.personality.flags[0]: \"%s\" is unknown: the spec has no flag yet",
			linux->personality->flags.items[0]);
	return 0;
}

int config_check_linux(const struct container_config *config, struct error *err)
{
	const struct config_linux *linux = config->linux;

	if (check_devices(linux, err) < 0 ||
	    error_gather(err, check_net_devices(config, err)) < 0 || check_sysctl(linux, err) < 0 ||
	    check_absolute_list(&linux->masked_paths, "linux.maskedPaths", err) < 0 ||
	    check_absolute_list(&linux->readonly_paths, "linux.readonlyPaths", err) < 0 ||
	    error_gather(err, check_single_fields(linux, err)) < 0 ||
	    (linux->resources &&
	     error_gather(err, config_check_resources(linux->resources, err)) < 0))
		return -1;
	return linux->seccomp ? config_check_seccomp(linux->seccomp, err) : 0;
}
