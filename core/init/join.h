/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_INIT_JOIN_H
#define URUN_INIT_JOIN_H

#include <stdbool.h>

#include "core/base/error.h"
#include "core/init/self.h"

/*
 * `urun init` that was started in the caller's namespaces and joins the container's by itself.  Why
 * it does so is at the head of core/parent/clone.c.
 */

/*
 * Waits for JOIN and BOOTSTRAP: joins or makes the user namespace.  The ids are the caller's still.
 * Runs in: init, in the caller's namespaces.
 */
int join_user_namespace(struct self *self, struct error *err);

/*
 * With the config: joins and makes all other namespaces but the pid namespace that is joined, opens
 * the sources of mounts as the caller, and becomes root of the user namespace.  A new pid namespace
 * is entered here, by a fork: the caller goes on in it.
 */
int join_namespaces(struct self *self, struct error *err);

/*
 * Goes on in the pid namespace that is joined, by a fork; nothing to do where none is.
 * ORDER: after the container's root was entered.  From here on the container sees the process: all
 * of the host's that it had open is closed by then.
 */
int join_pid_namespace(struct self *self, struct error *err);

/*
 * Was the pid namespace joined before the user namespace was made?  Then every process that we fork
 * is seen in it, with all that we have: before pivot_root none may be forked.
 */
bool join_forks_are_seen(const struct self *self);

/*
 * Opens a context of a proc file system (fsopen(2)) of the pid namespace that is joined, to which
 * we don't belong yet.  The descriptor is the caller's, close-on-exec.  Returns it, or -1.
 */
int join_open_proc(const struct self *self, struct error *err);

#endif
