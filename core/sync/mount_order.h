/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SYNC_MOUNT_ORDER_H
#define URUN_SYNC_MOUNT_ORDER_H

#include <stddef.h>

#include "core/base/error.h"
#include "core/base/str.h"
#include "core/config/mount_plan.h"

/*
 * The mount plan as the parent sends it to init, in the section ORDER_MOUNTS of CONFIG: numbers,
 * and the texts that are the kernel's (paths, types, the options of a file system's own).  No word
 * is left that init would have to interpret.
 *
 * A number is seven bits a byte, the lowest first; the highest bit of a byte says that another byte
 * follows.  A text is its length + 1 (0: NULL), its bytes, and a NUL.  A list is the number of its
 * items, and the items.
 * Not sent: descriptors, and plan->user, which init has in its config.
 */

/* Runs in: parent. */
void mount_order_pack(const struct mount_plan *plan, struct strbuf *out);

/*
 * The inverse.  The plan's texts are in @bytes, which live as long as the plan; the caller releases
 * the plan.  Fails with EPROTO, and without a plan, for what mount_order_pack() wouldn't have made
 * of a plan of mount_plan_make(): a number out of its range, bits that nothing knows, a destination
 * that isn't clean, a bind without source, bytes behind the end … Runs in: init.
 */
int mount_order_unpack(const char *bytes, size_t size, struct mount_plan *ret_plan,
		       struct error *err);

#endif
