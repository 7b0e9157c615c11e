/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_CMD_IMAGE_STORE_H
#define URUN_CMD_IMAGE_STORE_H

#include "cmd/command.h"
#include "core/image/store.h"
#include "rootless/userns.h"

/* The store of images as the commands need it.  Start from OPENED_STORE_NONE. */
struct opened_store {
	int fd;	    /* the store's directory */
	char *path; /* absolute */
	/* What containers of the caller have by default, and so layers: userns_plan_own(). */
	struct userns_plan *userns;
};

#define OPENED_STORE_NONE ((struct opened_store){ .fd = -1 })
void opened_store_release(struct opened_store *store);
#define autoopenedstore __attribute__((cleanup(opened_store_release)))

/*
 * Opens the store by the caller's XDG_DATA_HOME and HOME.  Returns 0; 1 where PLACE_MUST_EXIST and
 * nobody has made it yet: it has no image; or -1.
 */
int opened_store_open(const struct globals *globals, enum place_missing missing,
		      struct opened_store *ret_store, struct error *err);

/* Plans opened_store.userns, if it isn't planned yet. */
int opened_store_plan_userns(struct opened_store *store, struct error *err);

/*
 * Removes what neither a name nor a container needs any more: layers, blobs, and the changes of
 * containers that are gone.
 */
int opened_store_collect(struct opened_store *store, struct error *err);

/* The living uses; @users may be released in any case. */
int opened_store_read_users(const struct opened_store *store, struct store_users *ret_users,
			    struct error *err);

#endif
