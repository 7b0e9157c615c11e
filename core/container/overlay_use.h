/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CONTAINER_OVERLAY_USE_H
#define URUN_CONTAINER_OVERLAY_USE_H

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/container/state.h"
#include "rootless/idmap.h"

/*
 * One container at a time writes to the directory for changes of an overlay (annotation
 * org.urun.overlay): what two overlays do with one upper layer is undefined, and files get lost.
 * The directory's file "container" has the id of its user, and pid, start time and number of the first
 * process, by which a later start sees whether that container still runs.  Nobody has to hold a lock while a
 * container runs, since no process of urun need be there then.  Containers of another pid namespace aren't
 * seen.
 *
 * Nobody else may put files there, which the container would take for its root file system's: a directory of another
 * user (of /tmp, say), or one that everybody can reach and write to, is refused.
 * All run in: parent.  All do nothing for an overlay in memory, or none.
 * Source: the kernel's Documentation/filesystems/overlayfs.rst, "Sharing and copying layers".
 */

/*
 * Fails with the id of the container that uses the directory, unless it is @replaced (NULL: none), which ends
 * before the new one starts; and where the directory isn't the caller's or root's, nor that of an id in @uids.  Changes
 * nothing.
 */
int overlay_use_check(const struct container_config *config, const struct idmap *uids,
		      const char *replaced, struct error *err);

/*
 * The same, and keeps other starts out until *ret_lock (the caller's to close; -1: nothing to do) is closed.
 * Makes the directory where it doesn't exist.  @uids: NULL where the container had the directory before.
 */
int overlay_use_begin(const struct container_config *config, const struct idmap *uids,
		      int *ret_lock, struct error *err);

/*
 * Writes the container into the file of overlay_use_begin(), as soon as it has a pid, and lets other starts look.
 * May be called again where another process becomes the first one.
 */
int overlay_use_record(int lock, const struct container_state *state, struct error *err);

#endif
