/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CGROUP_ABOVE_H
#define URUN_CGROUP_ABOVE_H

#include <stdint.h>

/*
 * A limit of a cgroup holds for all cgroups below it, which don't show it.
 * Source: the kernel's Documentation/admin-guide/cgroup-v2.rst, "Top-down Constraint".
 */

/*
 * The cgroup above @path whose limit in @file (memory.max, memory.swap.max, cpu.max) is the tightest, and
 * tighter than that of @path itself; NULL: there is none, or @path has no such file.  The caller frees it.
 */
char *cgroup_tightest_above(const char *path, const char *file);

/* The limit that the text of such a file says, in units of its own: UINT64_MAX: none, or no such text. */
uint64_t cgroup_limit_of(const char *text);

#endif
