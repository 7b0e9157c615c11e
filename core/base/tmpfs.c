// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include "core/base/tmpfs.h"

#include <errno.h>
#include <sys/mount.h>

#include "core/base/fd.h"

int tmpfs_make(uint64_t attributes)
{
	autoclose int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	int tree;

	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "mode", "0755", 0) < 0 ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	tree = fsmount(fs, FSMOUNT_CLOEXEC, (unsigned int)attributes);
	return tree < 0 ? -errno : tree;
}
