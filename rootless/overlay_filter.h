/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTLESS_OVERLAY_FILTER_H
#define URUN_ROOTLESS_OVERLAY_FILTER_H

#include "core/base/error.h"

/*
 * Loads the seccomp filter of fuse-overlayfs: what a file server needs nothing of is refused.  It is a
 * list of refusals, as the program and its libraries are the distribution's, and what they call
 * changes with their versions; the namespace, the ids and the capabilities are what holds without it.
 * Runs in: the process that becomes fuse-overlayfs, with no_new_privs set.
 * Source: seccomp(2), seccomp_rule_add(3).
 */
int overlay_filter_load(struct error *err);

#endif
