/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CGROUP_DEVICE_FILTER_H
#define URUN_CGROUP_DEVICE_FILTER_H

#include "core/base/error.h"
#include "core/cgroup/device_rules.h"

/*
 * Loads the program of the rules into the kernel and attaches it to the cgroup @path, for all
 * processes in it and below.  Programs of others on this cgroup or above (systemd's) stay: all of
 * them must allow.  Where the cgroup has urun's program already, the new one takes its place at
 * once: no moment has neither or both.  The kernel removes the program with the cgroup.
 * Takes CAP_SYS_ADMIN in the initial user namespace.
 * Runs in: parent.
 * Source: bpf(2); the kernel's include/uapi/linux/bpf.h, BPF_PROG_ATTACH (BPF_F_REPLACE: Linux 5.6).
 */
int device_filter_apply(const char *path, const struct device_rules *rules, struct error *err);

#endif
