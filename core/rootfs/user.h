/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_ROOTFS_USER_H
#define URUN_ROOTFS_USER_H

#include "core/base/arena.h"
#include "core/base/error.h"
#include "core/config/config.h"

/* What happens to the supplementary groups. */
enum user_groups {
	USER_GROUPS_SET,  /* process.user.additionalGids, no others */
	USER_GROUPS_KEEP, /* left as they are: run.oci.keep_original_groups */
	USER_GROUPS_DENIED, /* /proc/self/setgroups says deny: the groups stay, and additionalGids are an error */
};

/*
 * Makes this process @user's: groups, gid, uid (real, effective, saved, file system).  The
 * permitted capabilities stay, for capability_apply(); the effective ones are gone where @user
 * isn't root. An id without mapping is an error that says so.
 * Runs in: init after pivot_root; after capability_drop_bounding(), before capability_apply().
 */
int process_become_user(const struct config_user *user, enum user_groups groups, struct error *err);

/*
 * Gives @user, whose uid is set, the group and (with USER_GROUPS_SET) the supplementary groups that
 * /etc/passwd and /etc/group below @root have for that uid; these come before the ones that @user has
 * already.  Group 0 where passwd doesn't have the uid.  Lists are @arena's.
 * Runs in: setns, in the container's root.
 */
int user_find_groups(int root, enum user_groups groups, struct arena *arena,
		     struct config_user *user, struct error *err);

/*
 * From the first to the second, files are opened and tested with @user's uid and gid (setfsuid(2)),
 * without the capabilities that override permissions where @user isn't root.  For program_find(),
 * long before the user changes.
 * ORDER: where @user isn't root, both clear the death signal (PR_SET_PDEATHSIG), as each change of
 * a file system id does: who needs it sets it again after the second.  Both leave the process not
 * dumpable.
 */
void user_files_begin(const struct config_user *user);
void user_files_end(void);

/*
 * From the first to the second, all ids of this process are @user's, where setfsuid(2) isn't enough:
 * a FUSE file system without allow_other asks for the real, effective and saved ids of its owner.
 * The permitted capabilities stay, so that nobody with the user's ids may look into this process.
 * The first fails where the ids aren't mapped, and has changed nothing then.
 * ORDER: both clear the death signal.  After them this process isn't dumpable.
 * Runs in: init, as root of the user namespace.
 */
struct user_ids {
	uid_t uid;
	gid_t gid;
};
int user_ids_begin(const struct config_user *user, struct user_ids *ret_own, struct error *err);
/* As user_ids_begin(), with all capabilities in effect: for mounts and what else init does in such a place. */
int user_ids_begin_with_rights(const struct config_user *user, struct user_ids *ret_own,
			       struct error *err);
int user_ids_end(const struct user_ids *own, struct error *err);

/*
 * The home directory of @uid from /etc/passwd below @root (a descriptor of the container's root,
 * not trusted); "/" where there is none.  The caller frees it.
 */
char *user_home(int root, uid_t uid);

/* The same from passwd's bytes; NULL: not in it, or not an absolute path. */
char *user_home_parse(const char *bytes, size_t size, uid_t uid);

#endif
