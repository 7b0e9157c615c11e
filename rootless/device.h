/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTLESS_DEVICE_H
#define URUN_ROOTLESS_DEVICE_H

#include <stdbool.h>

#include "rootless/host.h"

/*
 * The path of a device in devtmpfs, by the name that sysfs has for the device: a config may want
 * the device under another name than the host's.  The caller frees the path; NULL: the host has no
 * such device.
 * Runs in: parent, init before pivot_root.
 */
char *device_kernel_path(const struct host *host, bool block, unsigned int major,
			 unsigned int minor);

#endif
