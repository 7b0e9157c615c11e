// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/parent/spec_user.h"

#include <fcntl.h>

#include "core/base/fd.h"
#include "core/base/passwd.h"

/* A root file system that can't be opened has no names; who mounts it says why it can't be. */
int spec_user_find(const char *text, const char *rootfs, struct arena *arena,
		   struct config_user *ret_user, struct error *err)
{
	autoclose int root = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	autofree char *passwd = root < 0 ? str_dup("") : passwd_read(root, "/etc/passwd");
	autofree char *group = root < 0 ? str_dup("") : passwd_read(root, "/etc/group");
	struct passwd_user user;

	if (passwd_find_user(passwd, group, text, arena, &user, err) < 0)
		return error_prefix(err, "--user %s", text);
	ret_user->uid = (struct opt_u64){ true, user.uid };
	ret_user->gid = (struct opt_u64){ true, user.gid };
	if (user.group_count > 0) {
		ret_user->additional_gids.items = user.groups;
		ret_user->additional_gids.count = user.group_count;
	}
	return 0;
}
