// SPDX-License-Identifier: Apache-2.0
/*
 * Runs in: urun.
 *
 * Whether the place of the store suits, for `urun doctor`.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/str.h"
#include "core/image/store.h"
#include "core/image/store_part.h"

/* Not in linux/magic.h of all hosts. */
#define MAGIC_CEPH   0x00c36400
#define MAGIC_NTFS   0x5346544e
#define MAGIC_NTFS3  0x7366746e
#define MAGIC_EXFAT  0x2011bab0
#define MAGIC_LUSTRE 0x0bd00bd0
#define MAGIC_SMB2   0xfe534d42
#define MAGIC_CIFS   0xff534d42

/*
 * File systems that the kernel's overlay refuses for the changes of a container: those whose files
 * change behind the kernel's back, and those that are layers over others.
 * Source: the kernel's Documentation/filesystems/overlayfs.rst; ovl_mount_dir_check().
 */
static const struct {
	unsigned int magic;
	const char *name;
} refused[] = {
	{ NFS_SUPER_MAGIC, "NFS" },
	{ SMB_SUPER_MAGIC, "SMB" },
	{ MAGIC_SMB2, "SMB" },
	{ MAGIC_CIFS, "SMB" },
	{ AFS_SUPER_MAGIC, "AFS" },
	{ CODA_SUPER_MAGIC, "Coda" },
	{ MAGIC_CEPH, "Ceph" },
	{ MAGIC_LUSTRE, "Lustre" },
	{ V9FS_MAGIC, "9P" },
	{ ECRYPTFS_SUPER_MAGIC, "eCryptfs" },
	{ OVERLAYFS_SUPER_MAGIC, "an overlay" },
	{ MSDOS_SUPER_MAGIC, "FAT" },
	{ MAGIC_EXFAT, "exFAT" },
	{ MAGIC_NTFS, "NTFS" },
	{ MAGIC_NTFS3, "NTFS" },
};

const char *store_file_system_refusal(unsigned int magic)
{
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		if (refused[i].magic == magic)
			return refused[i].name;
	return NULL;
}

/* A file system without attributes says so even where the attribute that is asked for isn't set. */
static bool has_user_attributes(const char *path)
{
	return getxattr(path, "user.overlay.opaque", NULL, 0) >= 0 ||
	       (errno != ENOTSUP && errno != EPERM && errno != EACCES);
}

static int examine(int fd, const char *path, struct store_place *ret_place, struct error *err)
{
	autofree char *found = str_format("/proc/self/fd/%d", fd);
	struct statfs fs;
	struct statvfs space;

	if (faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) < 0)
		return error_set(err, errno, "write to image store %s", path);
	if (fstatfs(fd, &fs) < 0 || fstatvfs(fd, &space) < 0)
		return error_set(err, errno, "look at the file system of image store %s", path);
	*ret_place = (struct store_place){
		.refusal = store_file_system_refusal((unsigned int)fs.f_type),
		.has_attributes = has_user_attributes(found),
		.space = (uint64_t)space.f_bavail * space.f_frsize,
	};
	return 0;
}

int store_examine(const char *path, struct store_place *ret_place, struct error *err)
{
	autoclose int fd = -1;

	if (store_open(path, PLACE_MUST_EXIST, &fd, err) < 0) {
		if (err->code != ENOENT)
			return -1;
		/* The store will be made there. */
		*err = ERROR_NONE;
		if (store_open_above(path, &fd, err) < 0)
			return -1;
	}
	return examine(fd, path, ret_place, err);
}
