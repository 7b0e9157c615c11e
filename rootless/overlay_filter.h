/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTLESS_OVERLAY_FILTER_H
#define URUN_ROOTLESS_OVERLAY_FILTER_H

#include "core/base/error.h"

/*
 * Loads the seccomp filter of fuse-overlayfs: it refuses the system calls that a file server
 * doesn't need.  The filter is a list of refusals and not of permissions, since the program and its
 * libraries are the distribution's, and each version calls other system calls.  The confinement
 * doesn't hang on the filter: namespace, ids and capabilities hold without it.
 * Runs in: the process that becomes fuse-overlayfs, with no_new_privs set.
 * Source: seccomp(2), seccomp_rule_add(3).
 */
int overlay_filter_load(struct error *err);

#endif
