/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_BASE_ACL_H
#define URUN_BASE_ACL_H

#include <stddef.h>
#include <sys/types.h>

/* Largest list that acl_add_user() writes: an ACL of 31 entries and a new one. */
#define ACL_SIZE_MAX (4 + 8 * 32)

/*
 * @bytes is an access control list as the kernel shows it (system.posix_acl_access); with @size 0
 * there is no list, and @mode says who has which rights.  Writes the list to @ret_bytes with an
 * entry that gives @uid @permissions (the bits of one digit of a mode: 4 read, 2 write).  The entry
 * gives nobody else a right.
 * Returns the size; -EINVAL where @bytes is no such list; -EPERM where the list's mask refuses
 * these permissions, since a wider mask would give other entries more; -E2BIG.
 * Source: acl(5); linux/posix_acl_xattr.h.
 */
ssize_t acl_add_user(const void *bytes, size_t size, mode_t mode, uid_t uid,
		     unsigned int permissions, unsigned char ret_bytes[static ACL_SIZE_MAX]);

/*
 * Gives @uid @permissions over the file of @fd.  The owner of the file stays.
 * Returns 0 or a negative errno: -EOPNOTSUPP where the file system has no access control lists.
 */
int acl_allow(int fd, uid_t uid, unsigned int permissions);

#endif
