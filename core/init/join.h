/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_INIT_JOIN_H
#define URUN_INIT_JOIN_H

#include <stdbool.h>

#include "core/base/error.h"
#include "core/init/self.h"

/*
 * A `urun init` that was started in the caller's namespaces and joins the container's by itself.  The head of
 * core/parent/clone.c says why.
 */

/*
 * Receives JOIN and BOOTSTRAP: joins or makes the user namespace.  The ids are still the caller's.
 * Runs in: init, in the caller's namespaces.
 */
int join_user_namespace(struct self *self, struct error *err);

/*
 * After CONFIG: joins and makes all other namespaces, except a pid namespace to be joined; opens the sources
 * of mounts with the caller's rights; becomes root of the user namespace.  A new pid namespace is entered
 * here, by a fork: this function returns in the child.
 */
int join_namespaces(struct self *self, struct error *err);

/*
 * Enters the pid namespace to be joined, if any, by a fork: this function returns in the child.
 * ORDER: after the container's root was entered, and everything of the host was closed: from here on the
 * container sees the process.
 */
int join_pid_namespace(struct self *self, struct error *err);

/*
 * Was the pid namespace joined before the user namespace was made?  Then the container sees every process that
 * we fork, with all that we have open, and we must not fork before pivot_root.
 */
bool join_forks_are_seen(const struct self *self);

/*
 * Opens the context of a proc file system (fsopen(2)) that shows the pid namespace to be joined, in which we
 * aren't yet.  Returns the descriptor, close-on-exec, which the caller closes; or -1.
 */
int join_open_proc(const struct self *self, struct error *err);

#endif
