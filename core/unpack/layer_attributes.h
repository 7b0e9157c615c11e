/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_UNPACK_LAYER_ATTRIBUTES_H
#define URUN_UNPACK_LAYER_ATTRIBUTES_H

#include <stdbool.h>
#include <time.h>

#include "core/unpack/layer.h"

struct archive_entry;

/* How owners are set, and what was lost: kept from entry to entry. */
struct attributes {
	bool single_id;
	struct layer_result *result; /* counts what was lost */
	/* The last ids that the user namespace didn't have; 0: none. */
	uid_t unmapped_uid;
	gid_t unmapped_gid;
};

/*
 * Sets the owner of @name in @dir, or of @dir where @name is "", without following a link.  An id
 * that isn't mapped becomes 0, and the entry counts.
 * @plain: the file has just been made by us, in a directory whose group it doesn't take.
 */
int attributes_set_owner(struct attributes *attributes, int dir, const char *name, bool plain,
			 struct archive_entry *entry, struct error *err);

/*
 * Sets the extended attributes of the open file or directory @fd.  What can't be set is left out.
 * ORDER: after the content and the owner, since a change of these removes capabilities.
 */
void attributes_set_xattrs(struct attributes *attributes, int fd, struct archive_entry *entry,
			   const char *path);

/* The attributes of a kind of file that can't have any of ours (a link, a FIFO). */
void attributes_leave_xattrs(struct archive_entry *entry, const char *path);

/* The access and the modification time of @entry, which has the latter for both at least. */
void attributes_times(struct archive_entry *entry, struct timespec ret_times[static 2]);

#endif
