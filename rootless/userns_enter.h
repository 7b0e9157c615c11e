/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTLESS_USERNS_ENTER_H
#define URUN_ROOTLESS_USERNS_ENTER_H

#include "rootless/userns.h"

/*
 * Moves this process into a new user namespace as planned, and makes it root there, with all
 * capabilities in it.  The caller's supplementary groups stay.  With USERNS_INHERIT the process
 * stays where it is.  The process must have one thread.  After a failure the process may be in a
 * user namespace without ids, so the caller ends.
 * Runs in: parent, for `urun unshare`: the process itself becomes the user's command.
 * Source: podman-unshare(1); user_namespaces(7).
 */
int userns_enter(const struct userns_plan *plan, struct error *err);

#endif
