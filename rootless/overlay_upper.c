// SPDX-License-Identifier: Apache-2.0
// Runs in: init before pivot_root, and the process that becomes fuse-overlayfs.
#include "rootless/overlay_upper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "core/base/remove.h"

static int open_upper(int place, const char *name)
{
	int fd = openat(place, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int overlay_upper_open(int place, bool *ret_is_new)
{
	int fd = open_upper(place, OVERLAY_UPPER), failed;

	*ret_is_new = fd == -ENOENT;
	if (fd != -ENOENT)
		return fd;
	if (mkdirat(place, OVERLAY_UPPER_NEW, 0755) < 0) {
		if (errno != EEXIST)
			return -errno;
		/* A start was killed. */
		failed = remove_tree(place, OVERLAY_UPPER_NEW);
		if (failed < 0 || mkdirat(place, OVERLAY_UPPER_NEW, 0755) < 0)
			return failed < 0 ? failed : -errno;
	}
	return open_upper(place, OVERLAY_UPPER_NEW);
}

int overlay_upper_finish(int place)
{
	return renameat(place, OVERLAY_UPPER_NEW, place, OVERLAY_UPPER) < 0 ? -errno : 0;
}
