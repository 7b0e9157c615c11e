/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_PARENT_IDMAPPED_H
#define URUN_PARENT_IDMAPPED_H

#include "core/base/error.h"
#include "core/base/str.h"
#include "core/config/mount_plan.h"
#include "rootless/userns.h"

/*
 * Idmapped volumes of a container with a user namespace, for root of the host.  The kernel asks for
 * CAP_SYS_ADMIN over the volume's file system, which init doesn't have in its user namespace.
 * Source: mount_setattr(2), "ID-mapped mounts".
 */
struct idmapped {
	uint32_t step; /* in the plan */
	int tree;      /* the detached copy of the source, idmapped */
};

struct idmapped_list {
	LIST_OF(struct idmapped) trees;
};

/*
 * Makes the trees of all steps that need one.  None where the caller isn't root of the host, or where
 * init has the caller's rights (userns_plan.is_host): init then maps them itself.  Release with
 * idmapped_release().
 * Runs in: parent.
 */
int idmapped_open(const struct mount_plan *plan, const struct userns_plan *userns,
		  const struct userns_caller *caller, struct idmapped_list *ret_list,
		  struct error *err);
void idmapped_release(struct idmapped_list *list);

/* Sends them, after CONFIG. */
int idmapped_send(const struct idmapped_list *list, int sync_fd, struct error *err);

#endif
