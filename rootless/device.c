// SPDX-License-Identifier: Apache-2.0
// Runs in: parent, init before pivot_root.
#include "rootless/device.h"

#include "core/base/fd.h"
#include "core/base/str.h"

#define UEVENT_MAX 4096

char *device_kernel_path(const struct host *host, bool block, unsigned int major,
			 unsigned int minor)
{
	autofree char *uevent = str_format("%s/sys/dev/%s/%u:%u/uevent", host->root,
					   block ? "block" : "char", major, minor);
	autofree char *text = NULL;
	size_t size;
	char *rest;

	if (fd_read_file(uevent, UEVENT_MAX, &text, &size) < 0)
		return NULL;
	rest = text;
	for (char *line; (line = strsep(&rest, "\n"));)
		if (str_starts_with(line, "DEVNAME="))
			return str_format("/dev/%s", line + strlen("DEVNAME="));
	return NULL;
}
