// SPDX-License-Identifier: Apache-2.0
// Runs in: urun-image, in the user namespace.
#include "core/unpack/layer_attributes.h"

#include <archive.h>
#include <archive_entry.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/str.h"
#include "core/config/layers.h"
#include "core/unpack/layer_marks.h"

#define NANOSECONDS	  1000000000L
#define XATTR_CAPABILITY  "security.capability"
#define XATTR_DEFAULT_ACL "system.posix_acl_default"

/* ---- owner ---- */

static int change_owner(int dir, const char *name, uid_t uid, gid_t gid)
{
	return fchownat(dir, name, uid, gid, AT_SYMLINK_NOFOLLOW | (*name ? 0 : AT_EMPTY_PATH));
}

/* An id of a tar can be any number; to the kernel the last one says "no change". */
static bool is_owner_id(int64_t id)
{
	return id >= 0 && id < UINT32_MAX;
}

/*
 * The kernel refuses an id that isn't mapped with EINVAL, and doesn't say which of the two.
 * Source: chown(2); user_namespaces(7).
 */
static int change_owner_to_mapped(struct attributes *attributes, int dir, const char *name,
				  uid_t uid, gid_t gid)
{
	if (change_owner(dir, name, uid, (gid_t)-1) < 0) {
		if (errno != EINVAL)
			return -1;
		attributes->unmapped_uid = uid;
		uid = 0;
	}
	if (change_owner(dir, name, (uid_t)-1, gid) < 0) {
		if (errno != EINVAL)
			return -1;
		attributes->unmapped_gid = gid;
		gid = 0;
	}
	return change_owner(dir, name, uid, gid);
}

int attributes_set_owner(struct attributes *attributes, int dir, const char *name, bool plain,
			 struct archive_entry *entry, struct error *err)
{
	int64_t wanted_uid = archive_entry_uid(entry), wanted_gid = archive_entry_gid(entry);
	uid_t uid = is_owner_id(wanted_uid) ? (uid_t)wanted_uid : 0;
	gid_t gid = is_owner_id(wanted_gid) ? (gid_t)wanted_gid : 0;

	if (attributes->single_id || (uid && uid == attributes->unmapped_uid))
		uid = 0;
	if (attributes->single_id || (gid && gid == attributes->unmapped_gid))
		gid = 0;
	if ((uid || gid || !plain) && change_owner(dir, name, uid, gid) < 0 &&
	    (errno != EINVAL || change_owner_to_mapped(attributes, dir, name, uid, gid) < 0))
		return error_set(err, errno, "set the owner of %.1000s",
				 archive_entry_pathname(entry));
	if (uid && uid == attributes->unmapped_uid)
		uid = 0;
	if (gid && gid == attributes->unmapped_gid)
		gid = 0;
	if (uid != wanted_uid || gid != wanted_gid)
		attributes->result->outside_ids++;
	return 0;
}

/* ---- extended attributes ---- */

/*
 * The capabilities of a file that was packed in another user namespace name that namespace's root
 * on its host.  Without this id the kernel makes them those of our namespace's root.
 * Source: capabilities(7), "File capability extended attribute versioning".
 */
static size_t drop_rootid(void *value, size_t size)
{
	struct vfs_ns_cap_data data;

	if (size != XATTR_CAPS_SZ_3)
		return size;
	memcpy(&data, value, sizeof(data));
	if ((data.magic_etc & htole32(VFS_CAP_REVISION_MASK)) != htole32(VFS_CAP_REVISION_3))
		return size;
	data.magic_etc =
		(data.magic_etc & ~htole32(VFS_CAP_REVISION_MASK)) | htole32(VFS_CAP_REVISION_2);
	memcpy(value, &data, XATTR_CAPS_SZ_2);
	return XATTR_CAPS_SZ_2;
}

static void lose_capabilities(struct attributes *attributes, const char *path, int errnum)
{
	attributes->result->lost_capabilities++;
	log_debug("layer: %s: its capabilities can't be set: %s", path, error_errno_text(errnum));
}

static void set_file_capabilities(struct attributes *attributes, int fd, const void *value,
				  size_t size, const char *path)
{
	char copy[XATTR_CAPS_SZ_3];

	if (size > sizeof(copy)) {
		lose_capabilities(attributes, path, EINVAL);
		return;
	}
	memcpy(copy, value, size);
	size = drop_rootid(copy, size);
	if (fsetxattr(fd, XATTR_CAPABILITY, copy, size, 0) < 0)
		lose_capabilities(attributes, path, errno);
}

/*
 * Labels and signatures are the host's to give, and a kernel whose security module has no rules lets everybody
 * set them.  Files that are unpacked later would inherit a default ACL, and get other modes.
 */
static bool is_left_to_host(const char *name)
{
	return str_starts_with(name, "trusted.") || str_equal(name, XATTR_DEFAULT_ACL) ||
	       str_equal(name, LAYER_ROOT_IS_IMPLIED) ||
	       (str_starts_with(name, "security.") && !str_equal(name, XATTR_CAPABILITY));
}

void attributes_set_xattrs(struct attributes *attributes, int fd, struct archive_entry *entry,
			   const char *path)
{
	const char *name;
	const void *value;
	size_t size;

	if (archive_entry_xattr_reset(entry) == 0)
		return;
	while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
		if (!name || mark_is_reserved(name) || is_left_to_host(name))
			log_debug("layer: %s: the attribute %s is left out", path,
				  name ? name : "");
		else if (str_equal(name, XATTR_CAPABILITY))
			set_file_capabilities(attributes, fd, value, size, path);
		else if (fsetxattr(fd, name, value, size, 0) < 0)
			log_debug("layer: %s: the attribute %s is left out: %s", path, name,
				  error_errno_text(errno));
	}
}

void attributes_leave_xattrs(struct archive_entry *entry, const char *path)
{
	if (archive_entry_xattr_count(entry) > 0)
		log_debug("layer: %s: its attributes are left out", path);
}

/* ---- times ---- */

static struct timespec time_of(time_t seconds, long nanoseconds)
{
	bool valid = nanoseconds >= 0 && nanoseconds < NANOSECONDS;

	return (struct timespec){ .tv_sec = seconds, .tv_nsec = valid ? nanoseconds : 0 };
}

void attributes_times(struct archive_entry *entry, struct timespec ret_times[static 2])
{
	ret_times[1] = time_of(archive_entry_mtime(entry), archive_entry_mtime_nsec(entry));
	ret_times[0] = archive_entry_atime_is_set(entry) ? time_of(archive_entry_atime(entry),
								   archive_entry_atime_nsec(entry))
							 : ret_times[1];
}
