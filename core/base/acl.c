// SPDX-License-Identifier: Apache-2.0
// Runs in: any.
#include "core/base/acl.h"

#include <endian.h>
#include <errno.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#define ATTRIBUTE   "system.posix_acl_access"
#define ENTRIES_MAX 32

struct acl {
	struct posix_acl_xattr_entry entries[ENTRIES_MAX]; /* in this machine's byte order */
	size_t count;
};

static void acl_add_entry(struct acl *acl, unsigned int tag, unsigned int permissions, uint32_t id)
{
	acl->entries[acl->count++] = (struct posix_acl_xattr_entry){
		.e_tag = (uint16_t)tag, .e_perm = (uint16_t)permissions, .e_id = id
	};
}

static void from_mode(mode_t mode, struct acl *ret_acl)
{
	ret_acl->count = 0;
	acl_add_entry(ret_acl, ACL_USER_OBJ, mode >> 6 & 7, (uint32_t)ACL_UNDEFINED_ID);
	acl_add_entry(ret_acl, ACL_GROUP_OBJ, mode >> 3 & 7, (uint32_t)ACL_UNDEFINED_ID);
	acl_add_entry(ret_acl, ACL_OTHER, mode & 7, (uint32_t)ACL_UNDEFINED_ID);
}

static int parse(const unsigned char *bytes, size_t size, struct acl *ret_acl)
{
	struct posix_acl_xattr_header header;
	struct posix_acl_xattr_entry entry;

	if (size < sizeof(header) || (size - sizeof(header)) % sizeof(entry))
		return -EINVAL;
	memcpy(&header, bytes, sizeof(header));
	if (le32toh(header.a_version) != POSIX_ACL_XATTR_VERSION)
		return -EINVAL;
	ret_acl->count = 0;
	for (size_t at = sizeof(header); at < size; at += sizeof(entry)) {
		/* Room for the two entries that can be added. */
		if (ret_acl->count + 2 == ENTRIES_MAX)
			return -E2BIG;
		memcpy(&entry, bytes + at, sizeof(entry));
		acl_add_entry(ret_acl, le16toh(entry.e_tag), le16toh(entry.e_perm),
			      le32toh(entry.e_id));
	}
	return 0;
}

static struct posix_acl_xattr_entry *acl_find_entry(struct acl *acl, unsigned int tag, uint32_t id)
{
	for (size_t i = 0; i < acl->count; i++)
		if (acl->entries[i].e_tag == tag && (tag != ACL_USER || acl->entries[i].e_id == id))
			return &acl->entries[i];
	return NULL;
}

/* The kernel wants the entries sorted by tag, and those of users and of groups by id. */
static bool comes_before(const struct posix_acl_xattr_entry *a, unsigned int tag, uint32_t id)
{
	return a->e_tag < tag || (a->e_tag == tag && a->e_id < id);
}

static void insert(struct acl *acl, unsigned int tag, unsigned int permissions, uint32_t id)
{
	size_t at = acl->count;

	acl_add_entry(acl, tag, permissions, id);
	for (; at > 0 && !comes_before(&acl->entries[at - 1], tag, id); at--) {
		struct posix_acl_xattr_entry moved = acl->entries[at];

		acl->entries[at] = acl->entries[at - 1];
		acl->entries[at - 1] = moved;
	}
}

static int allow(struct acl *acl, uint32_t uid, unsigned int permissions)
{
	struct posix_acl_xattr_entry *mask = acl_find_entry(acl, ACL_MASK, 0);
	struct posix_acl_xattr_entry *group = acl_find_entry(acl, ACL_GROUP_OBJ, 0);
	struct posix_acl_xattr_entry *user;

	if (!group)
		return -EINVAL;
	if (mask && (mask->e_perm & permissions) != permissions)
		return -EPERM;
	/*
	 * Without a mask there is no named entry yet, so the new mask limits nobody but the new
	 * entry.
	 */
	if (!mask)
		insert(acl, ACL_MASK, group->e_perm | permissions, (uint32_t)ACL_UNDEFINED_ID);
	user = acl_find_entry(acl, ACL_USER, uid);
	if (user)
		user->e_perm |= (uint16_t)permissions;
	else
		insert(acl, ACL_USER, permissions, uid);
	return 0;
}

static size_t print(const struct acl *acl, unsigned char *out)
{
	const struct posix_acl_xattr_header header = { .a_version =
							       htole32(POSIX_ACL_XATTR_VERSION) };
	size_t size = sizeof(header);

	memcpy(out, &header, sizeof(header));
	for (size_t i = 0; i < acl->count; i++) {
		const struct posix_acl_xattr_entry entry = {
			.e_tag = htole16(acl->entries[i].e_tag),
			.e_perm = htole16(acl->entries[i].e_perm),
			.e_id = htole32(acl->entries[i].e_id),
		};

		memcpy(out + size, &entry, sizeof(entry));
		size += sizeof(entry);
	}
	return size;
}

ssize_t acl_add_user(const void *bytes, size_t size, mode_t mode, uid_t uid,
		     unsigned int permissions, unsigned char ret_bytes[static ACL_SIZE_MAX])
{
	struct acl acl;
	int failed = 0;

	if (size == 0)
		from_mode(mode, &acl);
	else
		failed = parse(bytes, size, &acl);
	if (failed == 0)
		failed = allow(&acl, uid, permissions);
	return failed < 0 ? failed : (ssize_t)print(&acl, ret_bytes);
}

int acl_allow(int fd, uid_t uid, unsigned int permissions)
{
	unsigned char now[ACL_SIZE_MAX], wanted[ACL_SIZE_MAX];
	ssize_t size = fgetxattr(fd, ATTRIBUTE, now, sizeof(now));
	struct stat st;

	if (size < 0 && errno != ENODATA)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	size = acl_add_user(now, size < 0 ? 0 : (size_t)size, st.st_mode, uid, permissions, wanted);
	if (size < 0)
		return (int)size;
	return fsetxattr(fd, ATTRIBUTE, wanted, (size_t)size, 0) < 0 ? -errno : 0;
}
