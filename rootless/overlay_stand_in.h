/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTLESS_OVERLAY_STAND_IN_H
#define URUN_ROOTLESS_OVERLAY_STAND_IN_H

#include "core/base/error.h"

/*
 * Files of the host's own system that package managers and tools for accounts open for writing, and that only root of
 * the host may read: locks, logs, shadow(5).  A copy of such a file can't be made, so that its first change fails, and
 * with it all of apt-get(8).  An empty file of the container's stands in for each.  Nothing is lost by that: the
 * container couldn't read the file in any case.
 *
 * Makes the stand-ins in @upper, a directory for changes that is new, for what can't be read below @lower.
 * Runs in: the process that becomes fuse-overlayfs, with ids that the container shows as its root's.
 */
int stand_in_make(const char *lower, const char *upper, struct error *err);

#endif
