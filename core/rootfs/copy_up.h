/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTFS_COPY_UP_H
#define URUN_ROOTFS_COPY_UP_H

#include "core/base/error.h"

enum copy_up_what {
	COPY_UP_CONTENTS,
	COPY_UP_CONTENTS_AND_OWNER, /* @to gets the owner of @from, too */
};

/*
 * tmpcopyup: copies everything in the directory @from (of the root file system, which isn't
 * trusted) into the directory @to (of a tmpfs): files, directories, links, FIFOs and sockets, with
 * modes, owners and times. Links are copied as links and never followed, and names are opened one
 * at a time, so nothing outside @from is read.  Device nodes can't be made in a user namespace, and
 * are left out with a warning.  An owner without a mapping becomes root.
 * Runs in: init before pivot_root.
 */
int copy_up(int from, int to, enum copy_up_what what, struct error *err);

#endif
