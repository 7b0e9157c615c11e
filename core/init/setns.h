/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_INIT_SETNS_H
#define URUN_INIT_SETNS_H

#include "core/base/error.h"
#include "core/init/self.h"

/*
 * The rest of the way of a process of `exec`, which is in the container's namespaces but for the mount
 * namespace and maybe the pid namespace.  Returns only on failure.
 */
int setns_run(struct self *self, struct error *err);

#endif
