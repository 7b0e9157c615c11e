/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_INIT_HOLD_H
#define URUN_INIT_HOLD_H

#include "core/base/error.h"
#include "core/init/self.h"

/*
 * The container is a holder (core/container/holder.h): gives up all rights, tells the parent by the end of
 * the sync pipe, and keeps the namespaces alive as their process 1 until the last member has ended.  Comes
 * back with an error only.
 * Runs in: init, after RUN.
 */
int hold_namespaces(struct self *self, struct error *err);

#endif
