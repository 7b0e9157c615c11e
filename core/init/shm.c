// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: init before pivot_root; copy_shm() in a helper.
 *
 * A mount can only be copied by a process in its mount namespace, and init itself can't go there and
 * come back: setns(2) into a mount namespace changes the root and the working directory.  So a helper
 * joins it, copies the mount, and sends the descriptor.
 *
 * The other container is hostile.  Every name that the helper walks is that container's, so the helper
 * walks one path, by descriptor and without links, and looks at what it has found: the root of a mounted
 * tmpfs.  What it sends is a mount that the other container has anyway, with the flags that are locked
 * there, and the two share their ids.  The helper isn't dumpable, and its memory map is from outside of
 * the containers' user namespace, so the other container can't take it over (core/parent/clone.c).
 */
#include "core/init/shm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/config/change.h"
#include "core/init/fd_sender.h"
#include "core/rootfs/tree.h"

/* Older headers don't have it.  Source: statx(2), since Linux 5.8. */
#ifndef STATX_ATTR_MOUNT_ROOT
#define STATX_ATTR_MOUNT_ROOT 0x00002000
#endif

/* Returns a descriptor or a negative errno; -ENODEV where there is no tmpfs. */
static int copy_shm(int mount_namespace)
{
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	autoclose int found = -1;
	struct statx status;
	struct statfs fs;

	if (setns(mount_namespace, CLONE_NEWNS) < 0)
		return -errno;
	found = (int)syscall(SYS_openat2, AT_FDCWD, CONFIG_SHM_PATH, &how, sizeof(how));
	if (found < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? -ENODEV : -errno;
	if (fstatfs(found, &fs) < 0 || statx(found, "", AT_EMPTY_PATH, 0, &status) < 0)
		return -errno;
	if (fs.f_type != TMPFS_MAGIC || !(status.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return -ENODEV;
	return mount_clone(found, "", 0);
}

static void send_shm(const void *mount_namespace, int socket)
{
	fd_sender_send(socket, copy_shm(*(const int *)mount_namespace));
}

int shm_of_namespace(int mount_namespace, int *ret_tree, struct error *err)
{
	int tree;

	if (fd_sender_run(send_shm, &mount_namespace, &tree, err) < 0)
		return -1;
	if (tree == -ENODEV)
		return error_set(
			err, 0,
			"the container whose ipc namespace is joined has no tmpfs on " CONFIG_SHM_PATH);
	if (tree < 0)
		return error_set(err, -tree,
				 "share " CONFIG_SHM_PATH
				 " of the container whose ipc namespace is "
				 "joined");
	*ret_tree = tree;
	return 0;
}
