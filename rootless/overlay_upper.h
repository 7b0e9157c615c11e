/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTLESS_OVERLAY_UPPER_H
#define URUN_ROOTLESS_OVERLAY_UPPER_H

#include <stdbool.h>

/*
 * The upper layer in a directory for changes: `upper`.  A new one gets its attributes and its first files before it
 * gets that name, so that a start that is killed leaves none that is half made.
 * Runs in: init before pivot_root, and the process that becomes fuse-overlayfs.
 */
#define OVERLAY_UPPER	  "upper"
#define OVERLAY_UPPER_NEW "upper.new"

/*
 * Opens the upper layer in @place.  Where there is none, makes one with the name OVERLAY_UPPER_NEW, and *ret_is_new is
 * true: the caller calls overlay_upper_finish() when the layer is complete.  Returns a descriptor (O_PATH), which the
 * caller closes, or a negative errno.
 */
int overlay_upper_open(int place, bool *ret_is_new);

/* Returns 0 or a negative errno. */
int overlay_upper_finish(int place);

#endif
