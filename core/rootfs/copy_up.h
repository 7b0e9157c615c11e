/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTFS_COPY_UP_H
#define URUN_ROOTFS_COPY_UP_H

#include "core/base/error.h"

enum copy_up_what {
	COPY_UP_CONTENTS,
	COPY_UP_CONTENTS_AND_OWNER, /* @to then belongs to whom @from does */
};

/*
 * tmpcopyup: copies all that is in the folder @from (of the root file system, which isn't trusted)
 * into the folder @to (of a tmpfs): files, folders, links, FIFOs and sockets, with modes, owners
 * and times.  Links are copied as such and never followed; names are opened one at a time, so
 * nothing outside of @from is read.  Device nodes can't be made in a user namespace and are left
 * out with a warning; owners that aren't mapped become root.
 * Runs in: init before pivot_root.
 */
int copy_up(int from, int to, enum copy_up_what what, struct error *err);

#endif
