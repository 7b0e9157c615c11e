// SPDX-License-Identifier: Apache-2.0
// Runs in: init.
#include "core/rootfs/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

#include "core/base/fd.h"
#include "core/base/str.h"

int mount_clone(int dir, const char *path, unsigned int flags)
{
	int tree = open_tree(dir, path,
			     OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags |
				     (*path ? 0 : AT_EMPTY_PATH));

	return tree < 0 ? -errno : tree;
}

int mount_clone_source(const char *path, int fd, unsigned int flags)
{
	int tree = mount_clone(AT_FDCWD, path, flags);
	int fd_flags;

	if (tree != -EACCES)
		return tree;
	fd_flags = fcntl(fd, F_GETFL);
	return fd_flags >= 0 && (fd_flags & O_PATH) ? mount_clone(fd, "", flags) : tree;
}

int mount_attach(int tree, int target)
{
	if (move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return -errno;
	return 0;
}

int mount_change_attr(int fd, unsigned int flags, uint64_t set, uint64_t clear)
{
	struct mount_attr attr = { .attr_set = set, .attr_clr = clear };

	return mount_setattr(fd, "", AT_EMPTY_PATH | flags, &attr, sizeof(attr)) < 0 ? -errno : 0;
}

int mount_change_propagation(int fd, unsigned int flags, uint64_t propagation)
{
	struct mount_attr attr = { .propagation = propagation };

	return mount_setattr(fd, "", AT_EMPTY_PATH | flags, &attr, sizeof(attr)) < 0 ? -errno : 0;
}

int mount_change_propagations(int fd, const struct mount_options *options)
{
	int result = 0;

	for (size_t i = 0; i < options->propagations.count && result == 0; i++) {
		enum mount_propagation propagation = options->propagations.items[i];

		result = mount_change_propagation(
			fd, mount_propagation_is_recursive(propagation) ? AT_RECURSIVE : 0,
			mount_propagation_flag(propagation));
	}
	return result;
}

uint64_t mount_attr_of(int fd)
{
	static const struct {
		unsigned long flag;
		uint64_t attr;
	} table[] = {
		{ ST_RDONLY, MOUNT_ATTR_RDONLY },
		{ ST_NOSUID, MOUNT_ATTR_NOSUID },
		{ ST_NODEV, MOUNT_ATTR_NODEV },
		{ ST_NOEXEC, MOUNT_ATTR_NOEXEC },
		{ ST_NOATIME, MOUNT_ATTR_NOATIME },
		{ ST_NODIRATIME, MOUNT_ATTR_NODIRATIME },
		{ 0x2000 /* ST_NOSYMFOLLOW, which glibc lacks */, MOUNT_ATTR_NOSYMFOLLOW },
	};
	struct statvfs fs;
	uint64_t attrs = 0;

	if (fstatvfs(fd, &fs) < 0)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (fs.f_flag & table[i].flag)
			attrs |= table[i].attr;
	if (!(fs.f_flag & (ST_NOATIME | ST_RELATIME)))
		attrs |= MOUNT_ATTR_STRICTATIME;
	return attrs;
}
