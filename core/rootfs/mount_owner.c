// SPDX-License-Identifier: Apache-2.0
// Runs in: init before pivot_root.
#include "core/rootfs/mount_owner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "core/base/directory.h"
#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/base/str.h"

/* Each level of directories takes a descriptor and a part of the stack. */
#define DEPTH_MAX 128

struct owner {
	uid_t uid;
	gid_t gid;
};

static int change_owners_in(int fd, const struct owner *owner, unsigned int depth,
			    struct error *err);

static int owner_error(const char *name, struct error *err)
{
	error_set(err, errno, "option U: change the owner of '%s'", name);
	if (err->code == EPERM)
		error_hint(err, "its owner or its group has no mapping in the container");
	return -1;
}

/* @file: O_PATH, so that the file that is changed is the one that was checked. */
static int change_owner_of(int file, const char *name, const struct stat *st,
			   const struct owner *owner, struct error *err)
{
	if (st->st_uid == owner->uid && st->st_gid == owner->gid)
		return 0;
	return fchownat(file, "", owner->uid, owner->gid, AT_EMPTY_PATH) < 0
		       ? owner_error(name, err)
		       : 0;
}

static int change_owner_of_entry(int dir, const char *name, const struct owner *owner,
				 unsigned int depth, struct error *err)
{
	autoclose int file = path_open_on_mount(dir, name, O_PATH | O_NOFOLLOW);
	struct stat st;

	if (file == -EXDEV || file == -ENOENT)
		return 0;
	if (file < 0 || fstat(file, &st) < 0) {
		errno = file < 0 ? -file : errno;
		return owner_error(name, err);
	}
	/* ORDER: the files in a directory first, since its new owner may keep us out of it. */
	if (S_ISDIR(st.st_mode) && change_owners_in(file, owner, depth + 1, err) < 0)
		return -1;
	return change_owner_of(file, name, &st, owner, err);
}

static int change_owners_in(int fd, const struct owner *owner, unsigned int depth,
			    struct error *err)
{
	autodir DIR *dir = directory_stream(fd);
	const struct dirent *entry;

	if (depth > DEPTH_MAX)
		return error_set(err, 0,
				 "option U: directories are nested more than %d levels deep",
				 DEPTH_MAX);
	if (!dir)
		return owner_error(".", err);
	while ((entry = directory_next(dir)))
		if (change_owner_of_entry(dirfd(dir), entry->d_name, owner, depth, err) < 0)
			return -1;
	return errno ? owner_error(".", err) : 0;
}

int mount_change_owner(int tree, uid_t uid, gid_t gid, struct error *err)
{
	const struct owner owner = { uid, gid };
	struct stat st;

	if (fstat(tree, &st) < 0)
		return owner_error(".", err);
	if (S_ISDIR(st.st_mode) && change_owners_in(tree, &owner, 0, err) < 0)
		return -1;
	return change_owner_of(tree, ".", &st, &owner, err);
}
