/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_INIT_SYSCTL_H
#define URUN_INIT_SYSCTL_H

#include "core/base/error.h"
#include "core/config/config.h"

/*
 * Opens the directory "sys" of a procfs (O_PATH; the caller closes it): proc/sys below @root, or, where the
 * container has no procfs there, that of a new procfs which is mounted nowhere.
 * ORDER: before readonlyPaths are applied, since /proc/sys is usually one of them; the descriptor still
 * reaches the directory below a mount that is made later.
 */
int sysctl_open(int root, int *ret_sys, struct error *err);

/*
 * Writes linux.sysctl through the descriptor of sysctl_open().  The names have dots between
 * their parts, as config_parse() leaves them.  Changes the namespaces of the
 * calling process.
 * Runs in: init.
 */
int sysctl_apply(const str_map *sysctl, int sys, struct error *err);

#endif
