/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_SHARE_KEY_H
#define URUN_PARENT_SHARE_KEY_H

#include "core/base/error.h"
#include "core/parent/plan.h"

/*
 * `--share KEY`: finds the holder of the key (core/container/holder.h), or makes it, and sets plan->holder.
 * The ids, and the size of /dev/shm, are those of @plan's config where the holder is made.
 * *ret_connection keeps the holder alive until the container is a member, and is the caller's; -1: the
 * config has no key.
 * Runs in: parent.  ORDER: after plan_load(), and before plan_make(), which joins the namespaces.
 */
int share_key_begin(struct plan *plan, int *ret_connection, struct error *err);

/*
 * A container that joins a member (--pid container:ID) is a member too: connects to the holder, if there is
 * one and *connection isn't open yet.  ORDER: after plan_make().
 */
int share_key_attend(const struct plan *plan, int *connection, struct error *err);

#endif
