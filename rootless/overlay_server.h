/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTLESS_OVERLAY_SERVER_H
#define URUN_ROOTLESS_OVERLAY_SERVER_H

#include "core/base/error.h"
#include "rootless/overlay.h"

/*
 * Becomes fuse-overlayfs, which serves @overlay on @fuse_fd: returns -1, or not at all.
 *
 * The container's root may take every mount of its own away and may find a fault in the program, so
 * that what it mustn't reach isn't there to be served:
 *   - user namespace: one of its own, with the container's ids, which the caller has put it in: no
 *     capability of the container counts there.  With USERNS_INHERIT it is urun's own, which is the
 *     container's too: then a container with CAP_SYS_ADMIN or CAP_SYS_PTRACE is as good as we are,
 *   - mount namespace: its own.  The hidden paths are covered before the program runs, in the tree
 *     that is served and in the root that the program itself has, and everything but the folder for
 *     changes is read-only.  The program can't undo either: it has no CAP_SYS_ADMIN.
 *   - privileges: the caller's ids without the supplementary groups (but for keep_groups), the few
 *     capabilities that a file server needs, no_new_privs, and a filter that refuses namespaces,
 *     mounts, sockets, signals and whatever reaches other processes.
 *
 * Runs in: a fork of the parent, which has its memory and is in its pid namespace: no container but
 * one in that pid namespace sees the process.
 * Source: mount_namespaces(7), mount_setattr(2), capabilities(7), seccomp(2); fuse-overlayfs(1).
 */
int overlay_server_become(const struct overlay *overlay, int fuse_fd, struct error *err);

#endif
