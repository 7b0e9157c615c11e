/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_INIT_SETNS_H
#define URUN_INIT_SETNS_H

#include "core/base/error.h"
#include "core/init/self.h"

/*
 * The way of a process that `exec` puts into a container: the parent's clone has joined the
 * namespaces before it executed us, all but the mount namespace.  Returns only on failure.
 */
int setns_run(struct self *self, struct error *err);

#endif
