// SPDX-License-Identifier: Apache-2.0
// Runs in: init, setns.
#include "core/rootfs/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "core/base/fd.h"
#include "core/base/path.h"

/* The root of every procfs.  Source: Linux, include/linux/proc_fs.h, PROC_ROOT_INO. */
#define PROC_ROOT_INO 1

bool procfs_has(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

bool procfs_is_root(int fd)
{
	struct stat st;

	return procfs_has(fd) && fstat(fd, &st) == 0 && st.st_ino == PROC_ROOT_INO;
}

int procfs_open_root(int dir, const char *path)
{
	autoclose int proc = dir == AT_FDCWD
				     ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC)
				     : path_open_in_root(dir, path, O_PATH | O_DIRECTORY, 0);

	if (proc < 0)
		return dir == AT_FDCWD ? -errno : proc;
	return procfs_is_root(proc) ? take_fd(&proc) : -ENODEV;
}

int procfs_open(int proc, const char *path, uint64_t flags)
{
	return path_open_on_mount(proc, path, flags);
}

int procfs_open_file(const char *path, uint64_t flags)
{
	autoclose int proc = procfs_open_root(AT_FDCWD, "/proc");

	return proc < 0 ? proc : procfs_open(proc, path, flags);
}
