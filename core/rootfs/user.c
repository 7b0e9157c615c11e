// SPDX-License-Identifier: Apache-2.0
// Runs in: init after pivot_root.
#include "core/rootfs/user.h"

#include <stdbool.h>
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/passwd.h"
#include "core/base/path.h"
#include "core/base/str.h"

static int set_groups(const struct config_user *user, enum user_groups groups, struct error *err)
{
	if (groups == USER_GROUPS_KEEP)
		return 0;
	/* scope_config() has already refused the groups of the config. */
	if (groups == USER_GROUPS_DENIED && user->additional_gids.count == 0)
		return 0;
	if (setgroups(user->additional_gids.count, user->additional_gids.items) == 0)
		return 0;
	if (errno == EINVAL)
		return error_set(
			err, EINVAL,
			"process.user.additionalGids: a group has no mapping in the container's user namespace");
	return error_set(err, errno, "process.user.additionalGids: set the supplementary groups");
}

/*
 * ORDER: directly after each change of an id, also of a file system id: the kernel then sets the
 * dumpable mark to the host's fs.suid_dumpable, which may be 1, and the container could look into
 * us by ptrace(2).
 */
static void stay_undumpable(void)
{
	prctl(PR_SET_DUMPABLE, 0);
}

int process_become_user(const struct config_user *user, enum user_groups groups, struct error *err)
{
	uid_t uid = (uid_t)user->uid.value;
	gid_t gid = (gid_t)user->gid.value;

	/*
	 * ORDER: groups and gid first: both need a capability, and the change of the uid clears the
	 * effective set.
	 */
	if (set_groups(user, groups, err) < 0)
		return -1;
	if (setresgid(gid, gid, gid) < 0)
		return error_set(
			err, errno,
			errno == EINVAL ? "process.user.gid: gid %u has no mapping in the container"
					: "become gid %u",
			gid);
	stay_undumpable();
	/*
	 * ORDER: before setresuid(), which would else clear the permitted set, from which
	 * capability_apply() takes its capabilities.
	 */
	if (uid != 0 && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return error_set(err, errno, "keep capabilities over the change of uid");
	if (setresuid(uid, uid, uid) < 0)
		return error_set(
			err, errno,
			errno == EINVAL ? "process.user.uid: uid %u has no mapping in the container"
					: "become uid %u",
			uid);
	stay_undumpable();
	if (uid != 0 && prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0)
		return error_set(err, errno, "forget the kept capabilities");
	return 0;
}

bool user_files_begin(const struct config_user *user)
{
	if (user->uid.value == geteuid() && user->gid.value == getegid())
		return false;
	/*
	 * These calls don't report a failure.  After one, our checks are stricter or laxer than
	 * those of the program's user, and execve(2) decides.
	 */
	setfsgid((gid_t)user->gid.value);
	stay_undumpable();
	setfsuid((uid_t)user->uid.value);
	stay_undumpable();
	return true;
}

void user_files_end(void)
{
	/* ORDER: the uid first: it restores the capabilities that the change of the gid needs. */
	setfsuid(geteuid());
	stay_undumpable();
	setfsgid(getegid());
	stay_undumpable();
}

/* Makes all permitted capabilities effective again, which the change of the uid has cleared. */
static int raise_capabilities(struct error *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data) < 0)
		return error_set(err, errno, "read own capabilities");
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		data[i].effective = data[i].permitted;
	if (syscall(SYS_capset, &header, data) < 0)
		return error_set(err, errno, "take back own capabilities");
	return 0;
}

int user_ids_begin(const struct config_user *user, struct user_ids *ret_own, struct error *err)
{
	const struct user_ids own = { geteuid(), getegid() };
	uid_t uid = (uid_t)user->uid.value;
	gid_t gid = (gid_t)user->gid.value;

	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return error_set(err, errno, "keep capabilities over the change of uid");
	/*
	 * ORDER: the gid first: it needs a capability that the change of the uid makes ineffective.
	 */
	if (setresgid(gid, gid, gid) < 0)
		return error_set(err, errno, "become gid %u for a while", gid);
	stay_undumpable();
	if (setresuid(uid, uid, uid) < 0) {
		error_set(err, errno, "become uid %u for a while", uid);
		if (setresgid(own.gid, own.gid, own.gid) < 0)
			return error_set(err, errno, "become gid %u again", own.gid);
		stay_undumpable();
		return -1;
	}
	stay_undumpable();
	*ret_own = own;
	return 0;
}

int user_ids_begin_with_rights(const struct config_user *user, struct user_ids *ret_own,
			       struct error *err)
{
	struct error ignored = ERROR_NONE;

	if (user_ids_begin(user, ret_own, err) < 0)
		return -1;
	if (raise_capabilities(err) == 0)
		return 0;
	user_ids_end(ret_own, &ignored);
	return -1;
}

int user_ids_end(const struct user_ids *own, struct error *err)
{
	if (raise_capabilities(err) < 0)
		return -1;
	if (setresuid(own->uid, own->uid, own->uid) < 0)
		return error_set(err, errno, "become uid %u again", own->uid);
	stay_undumpable();
	if (setresgid(own->gid, own->gid, own->gid) < 0)
		return error_set(err, errno, "become gid %u again", own->gid);
	stay_undumpable();
	/* Needed where one of the ids was 0, and harmless else. */
	if (raise_capabilities(err) < 0)
		return -1;
	if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0)
		return error_set(err, errno, "forget the kept capabilities");
	return 0;
}

char *user_home_parse(const char *bytes, size_t size, uid_t uid)
{
	struct span rest = { bytes, size };
	struct passwd_entry entry;

	while (passwd_next(&rest, &entry)) {
		struct span home = entry.fields[PASSWD_HOME];

		if (entry.id == uid && home.size > 0 && home.bytes[0] == '/')
			return str_dup_n(home.bytes, home.size);
	}
	return NULL;
}

char *user_home(int root, uid_t uid)
{
	autofree char *bytes = NULL;
	char *home = NULL;
	size_t size;

	if (path_read_in_root(root, "etc/passwd", PASSWD_SIZE_MAX, &bytes, &size) == 0)
		home = user_home_parse(bytes, size, uid);
	return home ? home : str_dup("/");
}
