// SPDX-License-Identifier: Apache-2.0
// Runs in: init before or after pivot_root.
#include "core/init/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/number.h"
#include "core/base/str.h"
#include "core/rootfs/procfs.h"

/* glibc has these calls only since 2.36. */
static int procfs_new(void)
{
	autoclose int context = (int)syscall(SYS_fsopen, "proc", FSOPEN_CLOEXEC);
	int mount;

	if (context < 0 || syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	mount = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC,
			     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	return mount < 0 ? -errno : mount;
}

int sysctl_open(int root, int *ret_sys, struct error *err)
{
	autoclose int proc = procfs_open_root(root, "proc");
	int sys = proc < 0 ? proc : procfs_open(proc, "sys", O_PATH | O_DIRECTORY);

	if (sys < 0) {
		fd_close(&proc);
		proc = procfs_new();
		if (proc < 0)
			return error_set(
				err, -proc,
				"linux.sysctl: mount a procfs of our own, the container has none on /proc");
		sys = procfs_open(proc, "sys", O_PATH | O_DIRECTORY);
	}
	if (sys < 0)
		return error_set(err, -sys, "linux.sysctl: open /proc/sys");
	*ret_sys = sys;
	return 0;
}

/* net.ipv4.conf.eth0/1.forwarding → net/ipv4/conf/eth0.1/forwarding.  The caller frees it. */
static char *key_to_path(const char *key)
{
	char *path = str_dup(key);

	for (char *c = path; *c; c++)
		*c = *c == '.' ? '/' : *c == '/' ? '.' : *c;
	return path;
}

/*
 * Is @value a pair of gids?  Where the kernel refuses such a pair, the user namespace has no mapping for one
 * of them.
 */
static bool is_gid_range(const char *value)
{
	autofree char *copy = str_dup(value);
	char *rest = copy;
	uint32_t gid;
	int count = 0;
	char *word;

	while ((word = strsep(&rest, " \t"))) {
		if (word[0] == '\0')
			continue;
		if (number_parse_u32(word, UINT32_MAX, &gid) < 0)
			return false;
		count++;
	}
	return count == 2;
}

static int sysctl_write_failed(int errnum, const struct str_pair *entry, const char *path,
			       struct error *err)
{
	if (errnum == ENOENT)
		return error_set(err, 0, "set sysctl %s to `%s`: this kernel has no such key",
				 entry->name, entry->value);
	error_set(err, errnum, "set sysctl %s to `%s`", entry->name, entry->value);
	if (errnum == EINVAL && str_equal(path, "net/ipv4/ping_group_range") &&
	    is_gid_range(entry->value))
		error_hint(
			err,
			"the ends of the range are gids and must have a mapping in the container");
	return -1;
}

static int write_sysctl(const struct str_pair *entry, int sys, struct error *err)
{
	autofree char *path = key_to_path(entry->name);
	size_t length = strlen(entry->value);
	autoclose int fd = -1;
	ssize_t written;

	fd = procfs_open(sys, path, O_WRONLY);
	/* A file that is mounted over a sysctl isn't that sysctl, even if it is a file of procfs. */
	if (fd == -EXDEV)
		return error_set(err, 0, "set sysctl %s: something is mounted over it",
				 entry->name);
	if (fd < 0)
		return sysctl_write_failed(-fd, entry, path, err);
	written = write(fd, entry->value, length);
	if (written < 0)
		return sysctl_write_failed(errno, entry, path, err);
	if ((size_t)written != length)
		return error_set(err, 0, "set sysctl %s: the kernel took %zd of %zu bytes",
				 entry->name, written, length);
	return 0;
}

int sysctl_apply(const str_map *sysctl, int sys, struct error *err)
{
	for (size_t i = 0; i < sysctl->count; i++)
		if (write_sysctl(&sysctl->items[i], sys, err) < 0)
			return -1;
	return 0;
}
