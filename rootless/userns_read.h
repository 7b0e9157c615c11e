/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTLESS_USERNS_READ_H
#define URUN_ROOTLESS_USERNS_READ_H

#include "rootless/userns.h"

/*
 * Reads the maps and the setgroups mark of another user namespace.  All ids are numbered as in
 * urun's own user namespace, since the kernel prints a map for the process that reads it.
 */

/*
 * Sets @plan's uids, gids and setgroups_allowed from /proc/@pid.
 * Runs in: parent, while a pidfd of @pid is held.
 */
int userns_read_process(pid_t pid, struct userns_plan *plan, struct error *err);

/*
 * The same for the user namespace @userns, a descriptor.  No file shows the maps of a namespace
 * without a process, so a child joins the namespace and waits while the parent reads /proc/CHILD.
 * Fails where the namespace has no maps yet.  Errors name plan->join_path.
 * Runs in: parent.
 */
int userns_read_namespace(int userns, struct userns_plan *plan, struct error *err);

#endif
