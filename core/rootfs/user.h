/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTFS_USER_H
#define URUN_ROOTFS_USER_H

#include "core/base/arena.h"
#include "core/base/error.h"
#include "core/config/config.h"

/* What happens to the supplementary groups. */
enum user_groups {
	USER_GROUPS_SET,  /* exactly process.user.additionalGids */
	USER_GROUPS_KEEP, /* the caller's groups stay: run.oci.keep_original_groups */
	USER_GROUPS_DENIED, /* /proc/self/setgroups is "deny": the groups stay, additionalGids are an error */
};

/*
 * Gives this process the ids of @user: groups, gid and uid (real, effective, saved, file system).
 * The permitted capabilities stay, for capability_apply(); the effective ones are cleared where
 * @user isn't root. Fails with a text of its own for an id without a mapping.
 * Runs in: init after pivot_root; after capability_drop_bounding(), before capability_apply().
 */
int process_become_user(const struct config_user *user, enum user_groups groups, struct error *err);

/*
 * Between these two calls, files are opened and checked with the uid and gid of @user
 * (setfsuid(2)), and where @user isn't root, without the capabilities that override permissions.
 * program_find() is called between them, long before the process gets the ids of @user.
 * The first returns false where these are our ids already: then the second isn't called.
 * ORDER: where @user isn't root, both calls clear the death signal (PR_SET_PDEATHSIG), as each
 * change of a file system id does; the caller sets the signal again after the second.  Both leave
 * the process undumpable.
 */
bool user_files_begin(const struct config_user *user);
void user_files_end(void);

/*
 * Between user_ids_begin() and user_ids_end(), all ids of this process are those of @user, where
 * setfsuid(2) isn't enough: a FUSE file system without allow_other demands the real, effective and
 * saved ids of its owner. The permitted capabilities stay, so that processes with the ids of @user
 * can't look into this one. user_ids_begin() fails for an id without a mapping, and then has
 * changed nothing.
 * ORDER: both calls clear the death signal.  After them this process is undumpable.
 * Runs in: init, as root of the user namespace.
 */
struct user_ids {
	uid_t uid;
	gid_t gid;
};
int user_ids_begin(const struct config_user *user, struct user_ids *ret_own, struct error *err);
/*
 * As user_ids_begin(), with all capabilities effective, for mounts in a directory that only @user
 * may enter.
 */
int user_ids_begin_with_rights(const struct config_user *user, struct user_ids *ret_own,
			       struct error *err);
int user_ids_end(const struct user_ids *own, struct error *err);

/*
 * The home directory of @uid in /etc/passwd below @root, a descriptor of the container's root,
 * which isn't trusted; "/" where the file has none.  The caller frees the text.
 */
char *user_home(int root, uid_t uid);

/*
 * The same from the bytes of passwd; NULL: the uid isn't in them, or its home isn't an absolute
 * path.
 */
char *user_home_parse(const char *bytes, size_t size, uid_t uid);

#endif
