/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTLESS_OVERLAY_FILTER_H
#define URUN_ROOTLESS_OVERLAY_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"

/*
 * Owners that the program reads of files whose own owners have no mapping, and writes to copies of these
 * files.  If these ids are not to be given to any file, such a change of the owner does nothing and
 * succeeds, so that the copy stays the caller's.
 */
struct overlay_owners {
	bool are_kept_out;
	uint32_t uid, gid;
};

/*
 * Loads the seccomp filter of fuse-overlayfs: it refuses the system calls that a file server
 * doesn't need.  The filter is a list of refusals and not of permissions, since the program and its
 * libraries are the distribution's, and each version calls other system calls.  The confinement
 * doesn't hang on the filter: namespace, ids and capabilities hold without it.
 * Runs in: the process that becomes fuse-overlayfs, with no_new_privs set.
 * Source: seccomp(2), seccomp_rule_add(3).
 */
int overlay_filter_load(const struct overlay_owners *owners, struct error *err);

#endif
