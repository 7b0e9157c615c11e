/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTLESS_OVERLAY_SERVER_H
#define URUN_ROOTLESS_OVERLAY_SERVER_H

#include "core/base/error.h"
#include "rootless/overlay.h"

/*
 * Becomes fuse-overlayfs, which serves @overlay on @fuse_fd.  Returns -1, or doesn't return.  The
 * head of overlay_server.c says how the program is confined.
 * Runs in: a fork of the parent, in the user namespace of userns_plan_twin().
 */
int overlay_server_become(const struct overlay *overlay, int fuse_fd, struct error *err);

#endif
