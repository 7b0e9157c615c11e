/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTFS_DEVICE_H
#define URUN_ROOTFS_DEVICE_H

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/config/mount_plan.h"

/*
 * Fills the container's /dev: null zero full random urandom tty and linux.devices; the links fd,
 * stdin, stdout, stderr and ptmx.  FIFOs are made, and so are devices with plan->has_host_rights; in
 * a user namespace, which can't make them, they are binds of the host's nodes.  A host's node is
 * taken only if it is the device that the config names; where the host has it under another name,
 * sysfs is asked for it.  Nothing is done where the plan binds a directory of the host on /dev.
 * No link of the root file system is followed as a device's name, and none leads out.
 * Runs in: init before pivot_root, after the mounts.
 * Source: OCI runtime-spec 1.3, config-linux.md "Devices", "Default Devices", "Default
 * Filesystems".
 */
int devices_create(const struct container_config *config, const struct mount_plan *plan,
		   int rootfs_fd, struct error *err);

/*
 * Opens the file @name in the directory @dir as a target of a mount (O_PATH), and makes it where it
 * doesn't exist.  Returns the caller's descriptor or a negative errno: -ELOOP for a symbolic link,
 * -EISDIR for a directory.
 */
int device_open_target(int dir, const char *name);

#endif
