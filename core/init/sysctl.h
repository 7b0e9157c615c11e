/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_INIT_SYSCTL_H
#define URUN_INIT_SYSCTL_H

#include "core/base/error.h"
#include "core/config/config.h"

/*
 * Opens the folder "sys" of a procfs (O_PATH, the caller's): that of proc/sys below @root, or,
 * where the container has no procfs there, that of a procfs of our own that is mounted nowhere.
 * ORDER: before readonlyPaths are applied, of which /proc/sys mostly is one; the descriptor looks
 * below what is mounted on it later.
 */
int sysctl_open(int root, int *ret_sys, struct error *err);

/*
 * Writes linux.sysctl through the descriptor of sysctl_open().  Names are read as sysctl(8) does:
 * net.ipv4.ip_forward, net/ipv4/ip_forward; the first separator is the separator, and the other one
 * stands for it inside a name. The namespaces that are changed are those of the calling process.
 * Runs in: init.
 */
int sysctl_apply(const str_map *sysctl, int sys, struct error *err);

#endif
